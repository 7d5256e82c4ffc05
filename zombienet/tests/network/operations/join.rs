//! A validator joins a live network from nothing, gets a seat, signs, and leaves.

use crate::place::{heights, is_member, new_session_keys, set_parameters, state, until, Place};
use crate::signing::account;
use codec::{Compact, Encode};
use network_tests::{Encoded, Events, Rpc, Validator};
use signing_client::{Account, AccountId, SigningClient};
use std::time::{Duration, Instant};

/// What it bonds: as much as the others have.
const STAKE: u128 = 100_000_000_000_000_000;
/// The refusal of what would take a member's stake away (docs/faults.md).
const HOLDS_SHARE: &str = "Custom error: 101";
/// Three sessions are two minutes: an era, and the one in which its validators are chosen.
const AN_ERA: Duration = Duration::from_secs(360);

/// The one that joins, as its operator sees it.
struct Newcomer<'a> {
    place: &'a Place,
    node: Validator,
    stash: Account,
    /// Another node, where what becomes of it is seen.
    rpc: Rpc,
    client: SigningClient,
    begin: Instant,
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "long: scripts/test operations"]
async fn a_validator_joins_signs_and_leaves() {
    let place = Place::open("join", &["--without", "newcomer"]).await;
    let load = place.load("alice").await;
    let alice = place.network.validator("alice");
    let events = Events::follow(&alice.rpc).await;
    let newcomer = Newcomer {
        place: &place,
        node: place.network.validator("newcomer"),
        stash: account("//Newcomer//stash"),
        rpc: Rpc::new(&alice.rpc),
        client: alice.client().await,
        begin: Instant::now(),
    };
    println!("| step | block | after, s |\n| --- | --- | --- |");
    newcomer.sync().await;
    newcomer.become_validator().await;
    newcomer.become_standby().await;
    newcomer.become_member().await;
    newcomer.sign().await;
    newcomer.leave().await;

    let (answered, failed) = load.stop().await;
    println!("{answered} requests answered, {failed} failed");
    assert_eq!(failed, 0);
    assert!(answered > 20, "hardly anybody asked: {answered}");
    assert!(events.named("CommitteeActivated").len() >= 2);
    assert_eq!(events.named("Slashed"), []);
    assert_eq!(place.network.status().verifying_key, Some(place.key));
}

impl Newcomer<'_> {
    fn id(&self) -> AccountId {
        self.stash.id()
    }

    async fn has(&self, step: &str) {
        let block = self.client.status().await.unwrap().finalized.number;
        let after = self.begin.elapsed().as_secs();
        println!("| {step} | {block} | {after} |");
    }

    async fn sync(&self) {
        self.place.network.restart("newcomer");
        until("the newcomer is at the head", AN_ERA, || async {
            let status = self.client.status().await.unwrap();
            let own = heights(&self.node).await;
            (own.best > 0 && own.best + 1 >= status.best.number).then_some(())
        })
        .await;
        self.has("synced").await;
    }

    async fn become_validator(&self) {
        let stash_as_payee = vec![1];
        let bond = (Encoded(Compact(STAKE).encode()), Encoded(stash_as_payee));
        let stash = &self.stash;
        self.rpc.transact("Staking", "bond", bond, stash).await;
        new_session_keys(&Rpc::new(&self.node.rpc), &self.rpc, stash).await;
        // No commission; nominators welcome.
        let preferences = (Encoded(vec![0, 0]),);
        self.rpc
            .transact("Staking", "validate", preferences, stash)
            .await;
        self.has("bonded, keys set, validates").await;

        let count = self.place.names().len() as u32;
        let count = (Encoded(Compact(count).encode()),);
        self.rpc
            .sudo("Staking", "set_validator_count", count, &account("//Alice"))
            .await;
        until("it is a validator", AN_ERA, || async {
            let state = state(&self.client).await;
            let id = self.id();
            let found = state.validators.iter().find(|one| one.account == id);
            found.map(|_| ())
        })
        .await;
        self.has("validator").await;
        until(
            "it has announced its signer",
            Duration::from_secs(60),
            || async {
                let state = state(&self.client).await;
                let id = self.id();
                let found = state.validators.into_iter().find(|one| one.account == id);
                found.and_then(|one| one.signer)
            },
        )
        .await;
        self.has("announced").await;
    }

    async fn become_standby(&self) {
        // The other two are standbys already; there is to be room for it.
        set_parameters(&self.client, &self.rpc, |parameters| {
            parameters.standbys = 3
        })
        .await;
        until("it is a standby", Duration::from_secs(120), || async {
            let state = state(&self.client).await;
            state.standbys.contains(&self.id()).then_some(())
        })
        .await;
        self.has("standby").await;
        until("it has auxiliary information", AN_ERA, || async {
            let aux_info = state(&self.client).await.aux_info?;
            let mut parties = aux_info.parties.iter();
            parties
                .find(|party| party.validator == self.id())
                .map(|_| ())
        })
        .await;
        self.has("prepared for a hand-over").await;
    }

    /// Members leave, one after the other, until it is its turn.
    async fn become_member(&self) {
        let mut left = 0;
        while !is_member(&state(&self.client).await, &self.id()) {
            assert!(left < 6, "{left} have left, and it is no member");
            let members = self.place.members(&self.client, &[]).await;
            self.place
                .replace(&members[0], &self.client, &self.rpc)
                .await;
            left += 1;
        }
        self.has(&format!("member, as {left} left")).await;
    }

    async fn sign(&self) {
        let begin = Instant::now();
        loop {
            let signature = self.place.sign(&self.client, None).await.unwrap();
            if signature.signers.contains(&self.id()) {
                break;
            }
            assert!(begin.elapsed() < AN_ERA, "it is never asked to sign");
        }
        self.has("has signed").await;
    }

    async fn leave(&self) {
        let refused = |call: &'static str, argument: Option<Vec<u8>>| async move {
            let transaction = match argument {
                Some(argument) => {
                    let arguments = (Encoded(argument),);
                    self.rpc
                        .signed("Staking", call, arguments, &self.stash)
                        .await
                }
                None => self.rpc.signed("Staking", call, (), &self.stash).await,
            };
            let error = self.rpc.submit(&transaction).await.unwrap_err();
            assert_eq!(error.data(), HOLDS_SHARE, "{call}");
        };
        refused("chill", None).await;
        refused("unbond", Some(Compact(STAKE).encode())).await;
        self.has("may not chill or unbond").await;

        let rpc = Rpc::new(&self.node.rpc);
        rpc.transact("Signing", "leave_committee", (), &self.stash)
            .await;
        until("it has no seat", Duration::from_secs(240), || async {
            let state = state(&self.client).await;
            (!is_member(&state, &self.id())).then_some(())
        })
        .await;
        self.has("no member").await;
        // Refused for as long as it could be asked for its share.
        until("it may chill", Duration::from_secs(120), || async {
            let chill = rpc.signed("Staking", "chill", (), &self.stash).await;
            rpc.submit(&chill).await.ok()
        })
        .await;
        until("it is no validator", AN_ERA, || async {
            let state = state(&self.client).await;
            let id = self.id();
            let found = state.validators.iter().find(|one| one.account == id);
            found.is_none().then_some(())
        })
        .await;
        self.has("chilled, and no validator").await;
        let all = (Encoded(Compact(STAKE).encode()),);
        rpc.transact("Staking", "unbond", all, &self.stash).await;
        self.has("unbonded").await;
        rpc.transact("Session", "purge_keys", (), &self.stash).await;
        self.has("session keys purged").await;
        self.place.network.stop_one("newcomer");
        let signature = self.place.sign(&self.client, None).await.unwrap();
        assert!(!signature.signers.contains(&self.id()));
    }
}
