//! The handshake as types: each step takes the previous one by value, and only the last one gives a
//! [`Channel`]. An unauthenticated peer has no channel, so it can neither send nor receive a message.

use super::{channel::Channel, keys, NoiseError, TAG, VERSION};
use crate::chain::AccountId;
use snow::{params::NoiseParams, HandshakeState};
use sp_core::H256;
use zeroize::Zeroizing;

const PATTERN: &str = "Noise_XK_25519_ChaChaPoly_BLAKE2s";
const PROLOGUE_TAG: &[u8] = b"signing-network/transport";

const KEY: usize = 32;
const ACCOUNT: usize = 32;
const HELLO: usize = KEY + TAG;
const REPLY: usize = KEY + TAG;
const IDENTITY: usize = KEY + TAG + ACCOUNT + TAG;

/// This node, as it appears in a handshake.
#[derive(Clone)]
pub(crate) struct Local {
    pub(crate) account: AccountId,
    pub(crate) secret: Zeroizing<[u8; 32]>,
    pub(crate) genesis_hash: H256,
    /// [`VERSION`], but for tests.
    pub(crate) version: u16,
}

impl Local {
    pub(crate) fn new(account: AccountId, secret: Zeroizing<[u8; 32]>, genesis_hash: H256) -> Self {
        Self {
            account,
            secret,
            genesis_hash,
            version: VERSION,
        }
    }

    /// Every part has a fixed length, so no two contexts give the same bytes.
    fn prologue(&self, responder: &AccountId) -> Vec<u8> {
        let mut prologue = PROLOGUE_TAG.to_vec();
        prologue.extend_from_slice(&self.version.to_le_bytes());
        prologue.extend_from_slice(self.genesis_hash.as_bytes());
        prologue.extend_from_slice(responder.as_ref());
        prologue
    }

    fn builder<'a>(&'a self, prologue: &'a [u8]) -> Result<snow::Builder<'a>, NoiseError> {
        let params: NoiseParams = PATTERN.parse().map_err(NoiseError::Seal)?;
        snow::Builder::with_resolver(params, keys::resolver())
            .local_private_key(&self.secret[..])
            .and_then(|builder| builder.prologue(prologue))
            .map_err(NoiseError::Seal)
    }
}

/// The other side, as a handshake names it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Remote {
    pub(crate) account: AccountId,
    pub(crate) x25519: [u8; 32],
}

/// The dialling side, after its hello.
pub(crate) struct Initiator {
    state: HandshakeState,
    account: AccountId,
}

impl Initiator {
    /// Starts a handshake with the peer that the chain describes as `remote`. Returns the hello.
    pub(crate) fn start(local: &Local, remote: &Remote) -> Result<(Self, Vec<u8>), NoiseError> {
        let prologue = local.prologue(&remote.account);
        let mut state = local
            .builder(&prologue)?
            .remote_public_key(&remote.x25519)
            .and_then(snow::Builder::build_initiator)
            .map_err(NoiseError::Seal)?;
        let hello = write::<HELLO>(&mut state, &[])?;
        Ok((
            Self {
                state,
                account: local.account.clone(),
            },
            hello,
        ))
    }

    /// Reads the reply, which proves that the responder holds the key that the chain gives it.
    /// Returns this node's identity, to be sent.
    pub(crate) fn read_reply(mut self, reply: &[u8]) -> Result<(Identified, Vec<u8>), NoiseError> {
        read::<REPLY>(&mut self.state, reply)?;
        let identity = write::<IDENTITY>(&mut self.state, self.account.as_ref())?;
        Ok((
            Identified {
                channel: into_channel(self.state)?,
            },
            identity,
        ))
    }
}

/// The dialling side, after it has shown its identity.
pub(crate) struct Identified {
    channel: Channel,
}

impl Identified {
    /// Reads the responder's acceptance.
    pub(crate) fn finish(mut self, acceptance: &[u8]) -> Result<Channel, NoiseError> {
        self.channel.read_acceptance(acceptance)?;
        Ok(self.channel)
    }
}

/// The dialled side, before anything arrived.
pub(crate) struct Responder {
    state: HandshakeState,
}

impl Responder {
    pub(crate) fn new(local: &Local) -> Result<Self, NoiseError> {
        let prologue = local.prologue(&local.account);
        let state = local
            .builder(&prologue)?
            .build_responder()
            .map_err(NoiseError::Seal)?;
        Ok(Self { state })
    }

    /// Reads the hello, which shows that the sender knows this node's key, account, chain and
    /// version, but not yet who it is. Returns the reply.
    pub(crate) fn read_hello(mut self, hello: &[u8]) -> Result<(Replied, Vec<u8>), NoiseError> {
        read::<HELLO>(&mut self.state, hello)?;
        let reply = write::<REPLY>(&mut self.state, &[])?;
        Ok((Replied { state: self.state }, reply))
    }
}

/// The dialled side, after its reply.
pub(crate) struct Replied {
    state: HandshakeState,
}

impl Replied {
    /// Reads who the initiator is. The caller must check that this account has this key before it
    /// accepts.
    pub(crate) fn read_identity(mut self, identity: &[u8]) -> Result<Claim, NoiseError> {
        let payload = read::<IDENTITY>(&mut self.state, identity)?;
        let account: [u8; ACCOUNT] = payload
            .as_slice()
            .try_into()
            .map_err(|_| NoiseError::FrameLength)?;
        let x25519 = self
            .state
            .get_remote_static()
            .and_then(|key| key.try_into().ok())
            .ok_or(NoiseError::FrameLength)?;
        let remote = Remote {
            account: AccountId::from(account),
            x25519,
        };
        Ok(Claim {
            remote,
            channel: into_channel(self.state)?,
        })
    }
}

/// An initiator that proved to hold `x25519` and says that it is `account`.
pub(crate) struct Claim {
    remote: Remote,
    channel: Channel,
}

impl Claim {
    pub(crate) fn remote(&self) -> &Remote {
        &self.remote
    }

    /// Accepts the initiator. Returns the acceptance, to be sent before anything else.
    pub(crate) fn finish(mut self) -> Result<(Channel, Vec<u8>), NoiseError> {
        let acceptance = self.channel.write_acceptance()?;
        Ok((self.channel, acceptance))
    }
}

fn into_channel(state: HandshakeState) -> Result<Channel, NoiseError> {
    let state = state
        .into_stateless_transport_mode()
        .map_err(NoiseError::Seal)?;
    Ok(Channel::new(state))
}

fn write<const LENGTH: usize>(
    state: &mut HandshakeState,
    payload: &[u8],
) -> Result<Vec<u8>, NoiseError> {
    let mut message = vec![0; LENGTH];
    let written = state
        .write_message(payload, &mut message)
        .map_err(NoiseError::Seal)?;
    if written != LENGTH {
        return Err(NoiseError::HandshakeLength {
            expected: LENGTH,
            actual: written,
        });
    }
    Ok(message)
}

fn read<const LENGTH: usize>(
    state: &mut HandshakeState,
    message: &[u8],
) -> Result<Vec<u8>, NoiseError> {
    // Noise lets a handshake message carry any payload; ours have one length each, so that nobody
    // makes this node decrypt more than that before it is known who sends.
    if message.len() != LENGTH {
        return Err(NoiseError::HandshakeLength {
            expected: LENGTH,
            actual: message.len(),
        });
    }
    let mut payload = vec![0; LENGTH];
    let length = state
        .read_message(message, &mut payload)
        .map_err(NoiseError::Undecryptable)?;
    payload.truncate(length);
    Ok(payload)
}

#[cfg(test)]
mod tests;
