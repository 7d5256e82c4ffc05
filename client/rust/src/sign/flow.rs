//! The steps from a request to a verified signature.

use super::{SignError, SignOptions, Signature};
use crate::{
    address::EthereumAddress,
    chain::{BlockNumber, Chain, ChainError, NetworkState, Phase},
    http::{Http, HttpError},
    progress::{Observer, Progress},
    relayer::{relayer_at, relayer_with_key, relayers, Relayer, RelayerError},
    verify::{verify, Verified, VerifyError},
};
use signing_primitives::{
    limits::{MAX_AUXILIARY_DATA, MAX_MESSAGE},
    wire::{
        digest, DigestError, EncryptedRequest, HpkeMessage, SignatureAnswer, SignedMessage,
        UserSignatureRequest,
    },
};

/// How many relayers are asked before giving up.
const ATTEMPTS: usize = 3;

/// Asks and verifies. Cancel-safe: dropped, it stops asking, though the
/// network may still finish the signature it was last asked for.
pub(crate) async fn sign(
    chain: &Chain,
    http: &Http,
    observer: &Observer,
    options: &SignOptions,
) -> Result<Signature, SignError> {
    let address = EthereumAddress::of(&options.verifying_key)?;
    let expected = expected_digest(options)?;
    check_lengths(options)?;

    // Identities at the finalized head, registrations at the best one: as the signers do. One after the
    // other, because asking a node nearby at once takes longer: its server leaves a small answer to TCP,
    // which sends it when the one before is acknowledged (RFC 896), 40 ms later (RFC 1122, section 4.2.3.2).
    let best = chain.best_number().await?;
    let registration = chain.registration(options.verifying_key).await?;
    let state = chain.finalized_state().await?;
    check_active(&state)?;
    if registration.is_none() {
        let verifying_key = options.verifying_key;
        return Err(SignError::NotRegistered { verifying_key });
    }

    let relayers = choose(http, &state, options.relayer.as_deref()).await?;
    let asked = Asked {
        state: &state,
        options,
        digest: expected,
        best,
    };
    let (relayer, verified) = ask(chain, http, observer, &asked, relayers).await?;
    Ok(signature(options, address, expected, relayer, verified))
}

/// What is asked for, and of whom.
struct Asked<'a> {
    state: &'a NetworkState,
    options: &'a SignOptions,
    /// What the signature must be over, as far as it is known.
    digest: Option<[u8; 32]>,
    /// The best block's number when the chain was read for it.
    best: BlockNumber,
}

/// The digest that the signature must be over, as far as it can be known here.
fn expected_digest(options: &SignOptions) -> Result<Option<[u8; 32]>, SignError> {
    match digest(options.hash, &options.message) {
        Ok(found) => match options.digest {
            Some(given) if given != found => Err(SignError::OtherDigest { found }),
            _ => Ok(Some(found)),
        },
        Err(DigestError::NeedsProgram { .. }) => Ok(options.digest),
        Err(error) => Err(SignError::Digest(error)),
    }
}

fn check_lengths(options: &SignOptions) -> Result<(), SignError> {
    let found = options.message.len();
    if found > MAX_MESSAGE {
        return Err(SignError::MessageTooLong { found });
    }
    let auxiliary = options.auxiliary_data.iter().flatten().flatten();
    let found: usize = auxiliary.map(Vec::len).sum();
    if found > MAX_AUXILIARY_DATA {
        return Err(SignError::AuxiliaryDataTooLong { found });
    }
    Ok(())
}

fn check_active(state: &NetworkState) -> Result<(), SignError> {
    if state.paused {
        return Err(SignError::Paused);
    }
    if state.committee.is_some() && state.phase != Phase::Degraded {
        return Ok(());
    }
    Err(SignError::NotActive(match state.phase {
        Phase::Degraded => {
            "too few members of its committee are left; it waits for some to be back"
        }
        Phase::AwaitingSigners => "it waits for enough signers to announce themselves",
        Phase::Keygen(_) => "the first committee is making the network's key",
        _ => "there is no committee",
    }))
}

/// The relayers to try, in order. A user's choice is looked up on chain; if it is an address that
/// nobody announced (behind a forwarded port, say), the node there says who it is, and the key to
/// encrypt for still comes from the chain.
async fn choose(
    http: &Http,
    state: &NetworkState,
    named: Option<&str>,
) -> Result<Vec<Relayer>, SignError> {
    let Some(endpoint) = named else {
        let mut relayers = relayers(state, &mut rand::thread_rng())?;
        // In random order still, but for those that would cost a user's time again.
        relayers.sort_by_cached_key(|relayer| http.unreachable().has(&relayer.endpoint));
        relayers.truncate(ATTEMPTS);
        return Ok(relayers);
    };
    if let Some(relayer) = relayer_at(state, endpoint)? {
        return Ok(vec![relayer]);
    }
    let info = http
        .info(endpoint)
        .await
        .map_err(|source| SignError::NoAnswer { tried: 1, source })?;
    let key = sp_core::sr25519::Public::from_raw(*info.tss_account.as_ref()).into();
    Ok(vec![relayer_with_key(state, endpoint, &key)?])
}

/// Asks one relayer after another until one answers with the signature, or says no for a reason that is
/// the same everywhere. Of several failures the one that says most is told.
async fn ask(
    chain: &Chain,
    http: &Http,
    observer: &Observer,
    asked: &Asked<'_>,
    relayers: Vec<Relayer>,
) -> Result<(Relayer, Verified), SignError> {
    let options = asked.options;
    let mut worst = None;
    for (tried, relayer) in (1..).zip(relayers) {
        let endpoint = relayer.endpoint.clone();
        observer.tell(Progress::Asking {
            relayer: Some(relayer.account.clone()),
            endpoint: endpoint.clone(),
        });
        // Fresh for each attempt: the one before may have taken a minute.
        let block_number = match tried {
            1 => asked.best,
            _ => chain.best_number().await?,
        };
        let request = seal(options, block_number, &relayer)?;
        let failure = match http.relay(&endpoint, &request, options.timeout).await {
            Ok(answers) => {
                observer.tell(Progress::Verifying {
                    answers: answers.len(),
                });
                match verify_answers(chain, asked, &answers).await {
                    Ok(verified) => return Ok((relayer, verified)),
                    Err(VerifyFailure::Chain(error)) => return Err(error.into()),
                    Err(VerifyFailure::Answer(source)) => SignError::Untrustworthy {
                        endpoint: endpoint.clone(),
                        source,
                    },
                }
            }
            Err(error) => {
                let is_final = !error.another_may_do_better();
                let failure = match error {
                    HttpError::Refused(error) => SignError::Refused(error),
                    source => SignError::NoAnswer { tried, source },
                };
                if is_final {
                    return Err(failure);
                }
                failure
            }
        };
        let reason = innermost(&failure);
        observer.tell(Progress::RelayerFailed { endpoint, reason });
        if worst.as_ref().map(weight) <= Some(weight(&failure)) {
            worst = Some(failure);
        }
    }
    Err(worst.unwrap_or(SignError::Relayer(RelayerError::None)))
}

/// How much a failure to get a signature from a relayer says: more than another of less weight.
fn weight(failure: &SignError) -> u8 {
    match failure {
        SignError::Untrustworthy { .. } => 2,
        SignError::Refused(_) => 1,
        _ => 0,
    }
}

/// The request as it travels: signed by the requester, readable for the relayer only.
fn seal(
    options: &SignOptions,
    block_number: BlockNumber,
    relayer: &Relayer,
) -> Result<EncryptedRequest, SignError> {
    let request = UserSignatureRequest {
        message: options.message.clone(),
        auxilary_data: options.auxiliary_data.clone(),
        block_number,
        hash: options.hash,
        signature_verifying_key: options.verifying_key,
    };
    let request = serde_json::to_vec(&request).map_err(SignError::Json)?;
    let signed = SignedMessage::sign(request, options.requester.pair());
    let signed = serde_json::to_vec(&signed).map_err(SignError::Json)?;
    let hpke_message =
        HpkeMessage::seal(&relayer.x25519, &signed).map_err(|source| SignError::Envelope {
            endpoint: relayer.endpoint.clone(),
            source,
        })?;
    Ok(EncryptedRequest { hpke_message })
}

enum VerifyFailure {
    Chain(ChainError),
    Answer(VerifyError),
}

/// Checks the answers against the committee; if it is not that one, against the committee of now:
/// it may have changed while the request was under way.
async fn verify_answers(
    chain: &Chain,
    asked: &Asked<'_>,
    answers: &[SignatureAnswer],
) -> Result<Verified, VerifyFailure> {
    let check = |state: &NetworkState| {
        let key = &asked.options.verifying_key;
        verify(answers, state, key, asked.digest.as_ref())
    };
    match check(asked.state) {
        Err(VerifyError::UnknownSigner { .. } | VerifyError::TooFewSigners { .. }) => {}
        other => return other.map_err(VerifyFailure::Answer),
    }
    let now = chain.finalized_state().await;
    check(&now.map_err(VerifyFailure::Chain)?).map_err(VerifyFailure::Answer)
}

fn signature(
    options: &SignOptions,
    address: EthereumAddress,
    digest: Option<[u8; 32]>,
    relayer: Relayer,
    verified: Verified,
) -> Signature {
    let mut bytes = verified.signature.iter().copied();
    let (mut r, mut s) = ([0; 32], [0; 32]);
    r.iter_mut()
        .zip(&mut bytes)
        .for_each(|(to, from)| *to = from);
    s.iter_mut()
        .zip(&mut bytes)
        .for_each(|(to, from)| *to = from);
    Signature {
        r,
        s,
        v: bytes.next().unwrap_or_default(),
        verifying_key: options.verifying_key,
        address,
        digest,
        signers: verified.signers,
        relayer,
        verified: verified.checked,
    }
}

/// The cause at the end of an error's chain of sources: the words that say most.
fn innermost(error: &SignError) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use crate::{
        account::Account,
        samples::{network, user_key, x25519_secret},
    };
    use signing_primitives::wire::HashChoice;

    fn options() -> SignOptions {
        let requester = Account::from_uri("//Alice").unwrap();
        SignOptions::new(user_key().1, b"hello".to_vec(), requester)
    }

    #[test]
    fn only_the_relayer_reads_the_request() {
        let network = network();
        let relayer = relayer_at(&network.state, "127.0.0.1:3004")
            .unwrap()
            .unwrap();
        let sealed = seal(&options(), 7, &relayer).unwrap();
        assert!(sealed.hpke_message.open(&x25519_secret(4)).is_err());

        let signed = sealed.hpke_message.open(&x25519_secret(3)).unwrap();
        let signed: SignedMessage = serde_json::from_slice(&signed).unwrap();
        signed.verify().unwrap();
        assert_eq!(signed.sender, options().requester.id());
        let request: UserSignatureRequest = serde_json::from_slice(&signed.message).unwrap();
        assert_eq!(
            (request.block_number, request.message),
            (7, b"hello".to_vec())
        );
    }

    #[tokio::test]
    async fn who_could_not_be_connected_to_is_asked_last() {
        let network = network();
        let http = Http::new().unwrap();
        let all = choose(&http, &network.state, None).await.unwrap();
        assert!(all.len() > 1);
        let gone = &all[0];
        let request = seal(&options(), 7, gone).unwrap();
        // Nobody listens on port 1.
        let endpoint = "127.0.0.1:1";
        let failed = http.relay(endpoint, &request, options().timeout).await;
        assert!(matches!(failed, Err(HttpError::Unreachable { .. })));
        let clone = http.clone();
        assert!(http.unreachable().has(endpoint) && clone.unreachable().has(endpoint));

        let mut state = network.state.clone();
        let signers = state.validators.iter_mut();
        let mut signers = signers.filter_map(|validator| validator.signer.as_mut());
        let signer = signers
            .find(|signer| signer.endpoint.as_slice() == gone.endpoint.as_bytes())
            .unwrap();
        signer.endpoint = endpoint.as_bytes().to_vec().try_into().unwrap();
        for _ in 0..20 {
            let chosen = choose(&http, &state, None).await.unwrap();
            assert_eq!(chosen.last().unwrap().endpoint, endpoint);
        }
    }

    #[test]
    fn digests_that_can_and_cannot_be_known() {
        let mut options = options();
        let known = expected_digest(&options).unwrap().unwrap();
        options.digest = Some(known);
        assert_eq!(expected_digest(&options).unwrap(), Some(known));
        options.digest = Some([1; 32]);
        assert!(matches!(
            expected_digest(&options),
            Err(SignError::OtherDigest { found }) if found == known
        ));

        options.hash = HashChoice::Custom(0);
        assert_eq!(expected_digest(&options).unwrap(), Some([1; 32]));
        options.digest = None;
        assert_eq!(expected_digest(&options).unwrap(), None);

        options.hash = HashChoice::Sha1;
        assert!(matches!(
            expected_digest(&options),
            Err(SignError::Digest(_))
        ));
        options.hash = HashChoice::Identity;
        assert!(matches!(
            expected_digest(&options),
            Err(SignError::Digest(_))
        ));
    }

    #[test]
    fn lengths_are_checked_before_anything_is_sent() {
        let mut options = options();
        options.message = vec![0; MAX_MESSAGE];
        assert!(check_lengths(&options).is_ok());
        options.message.push(0);
        assert!(matches!(
            check_lengths(&options),
            Err(SignError::MessageTooLong { found: 1_000_001 })
        ));
        options.message.clear();
        options.auxiliary_data = Some(vec![Some(vec![0; MAX_AUXILIARY_DATA]), None]);
        assert!(check_lengths(&options).is_ok());
        options.auxiliary_data = Some(vec![Some(vec![0; MAX_AUXILIARY_DATA]), Some(vec![0])]);
        assert!(matches!(
            check_lengths(&options),
            Err(SignError::AuxiliaryDataTooLong { .. })
        ));
    }

    #[test]
    fn a_network_that_does_not_sign_is_not_asked() {
        let mut network = network();
        assert!(check_active(&network.state).is_ok());
        network.state.paused = true;
        assert!(matches!(
            check_active(&network.state),
            Err(SignError::Paused)
        ));
        network.state.paused = false;
        network.state.committee = None;
        network.state.phase = Phase::AwaitingSigners;
        assert!(matches!(
            check_active(&network.state),
            Err(SignError::NotActive(_))
        ));
    }

    #[test]
    fn parts_and_whole_agree() {
        let mut bytes = [0; 65];
        for (index, byte) in bytes.iter_mut().enumerate() {
            *byte = index as u8;
        }
        bytes[64] = 1;
        let network = network();
        let relayer = relayer_at(&network.state, "127.0.0.1:3004")
            .unwrap()
            .unwrap();
        let address = EthereumAddress::of(&user_key().1).unwrap();
        let verified = Verified {
            signature: bytes,
            signers: vec![],
            checked: true,
        };
        let signature = signature(&options(), address, None, relayer, verified);
        assert_eq!((signature.r[0], signature.s[0], signature.v), (0, 32, 1));
        assert_eq!(signature.to_bytes(), bytes);
    }
}
