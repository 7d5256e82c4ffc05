//! A network on which scenarios are played.

use super::row::{Outcome, Row, HEADER};
use crate::{
    bad_input::capitalized,
    load::Load,
    signing::{account, serve},
    users,
};
use codec::Encode;
use network_tests::{Events, Network, Rpc, Validator};
use signing_client::{
    Account, AccountId, BlockNumber, NetworkState, Phase, SigningClient, VerifyingKey, Wait,
};
use signing_primitives::Parameters;
use sp_core::crypto::Ss58Codec;
use std::time::{Duration, Instant};

/// Three members, two standbys, and two that are neither.
const VALIDATORS: usize = 7;
/// How long it may take until a committee is complete and all is prepared for the next hand-over.
const TO_PREPARE: Duration = Duration::from_secs(600);
/// How long what is expected may take.
const TO_HAPPEN: Duration = Duration::from_secs(300);
/// For how long nothing must happen where nothing should.
const QUIET: Duration = Duration::from_secs(60);

/// What one validator, or several, do.
pub(crate) enum Act {
    /// A member is killed, and started again only when the scenario is over.
    Kill,
    /// A member misbehaves in these ways.
    Member(&'static [&'static str]),
    /// All validators that are not members misbehave in these ways.
    Outsiders(&'static [&'static str]),
    /// Nobody misbehaves.
    Change(Change),
}

/// What leads to another committee, and is no fault.
#[derive(Clone, Copy)]
pub(crate) enum Change {
    /// A member asks to be replaced.
    Leave,
    /// Root sets parameters.
    Parameters(fn(&mut Parameters<BlockNumber>)),
}

/// What is to happen, and what is to come of it.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) act: Act,
    pub(crate) outcome: Outcome,
}

/// A running network with a user on it.
pub(crate) struct Stage {
    network: Network,
    key: String,
    user: Account,
    users_key: VerifyingKey,
    rows: Vec<Row>,
}

/// Who is what when a scenario begins.
struct Cast {
    members: Vec<Validator>,
    outsiders: Vec<Validator>,
}

impl Stage {
    /// Starts the network; returns when it signs.
    pub(crate) async fn open() -> Self {
        let network = Network::start_with(VALIDATORS).await;
        let (key, _) = network.wait_for_key(Duration::from_secs(300)).await;
        let user = account("//Bob");
        let client = network.client().await;
        let registered = users::requester_only(&client, &user).await;
        serve(&client, registered.verifying_key, &user).await;
        Self {
            network,
            key,
            user,
            users_key: registered.verifying_key,
            rows: Vec::new(),
        }
    }

    /// Plays all, and shows what came of each.
    ///
    /// # Panics
    /// If something else comes of one than is expected.
    pub(crate) async fn play(mut self, scenarios: &[Scenario]) {
        for scenario in scenarios {
            let row = self.play_one(scenario).await;
            println!("{HEADER}\n{row}");
            row.check(scenario.outcome);
            self.rows.push(row);
        }
        println!("{HEADER}");
        for row in &self.rows {
            println!("{row}");
        }
        assert_eq!(self.network.status().verifying_key, Some(self.key));
    }

    async fn play_one(&self, scenario: &Scenario) -> Row {
        let cast = self.cast().await;
        // The last one: which of the outsiders misbehave, and whom the chain is read from, differ.
        let witness = match scenario.act {
            Act::Outsiders(_) => &cast.members[0],
            _ => &cast.outsiders[0],
        };
        let client = connect(witness).await;
        let events = Events::follow(&witness.rpc).await;
        let load = Load::start(client.clone(), self.users_key, self.user.clone());
        tokio::time::sleep(Duration::from_secs(3)).await;

        let actors: Vec<&Validator> = match scenario.act {
            Act::Kill | Act::Member(_) => cast.members.iter().take(1).collect(),
            Act::Outsiders(_) => cast.outsiders.iter().collect(),
            Act::Change(_) => Vec::new(),
        };
        for actor in &actors {
            self.network.kill(&actor.name);
        }
        let before = best(&client).await;
        match scenario.act {
            Act::Kill => {}
            Act::Member(ways) | Act::Outsiders(ways) => {
                for actor in &actors {
                    self.network.restart_misbehaving(&actor.name, ways);
                }
            }
            Act::Change(change) => make(change, &cast, &client, &Rpc::new(&witness.rpc)).await,
        }
        // Whoever misbehaves begins when it is up.
        let began = match scenario.act {
            Act::Member(_) | Act::Outsiders(_) => best(&client).await,
            Act::Kill | Act::Change(_) => before,
        };
        let accused = actors.first().map(|actor| id(actor));
        let who = actors.first().map_or("-", |actor| &actor.name);
        println!("{}: {who}, from block {began} on", scenario.name);

        let begin = Instant::now();
        let patience = match scenario.outcome {
            Outcome::Nobody => QUIET,
            _ => TO_HAPPEN,
        };
        let mut row = loop {
            let row = Row::of(scenario.name, who, accused.as_ref(), began, &events);
            if row.is_over(scenario.outcome) || begin.elapsed() > patience {
                break row;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        // Some more requests of whoever signs now.
        tokio::time::sleep(Duration::from_secs(3)).await;
        (row.answered, row.failed) = load.stop().await;
        // Keep what the failed scenario leaves, for whoever has to find out.
        if !row.is_over(scenario.outcome) && scenario.outcome != Outcome::Nobody {
            println!("{}\n{}", self.network.logs(), story(&events, began));
        }
        for actor in &actors {
            if self.network.is_running(&actor.name) {
                self.network.kill(&actor.name);
            }
            self.network.restart(&actor.name);
        }
        row
    }

    /// Waits until the committee is complete, and it and a standby have auxiliary information.
    async fn cast(&self) -> Cast {
        let deadline = Instant::now() + TO_PREPARE;
        let client = self.network.client().await;
        loop {
            let state = client.status().await.unwrap().network;
            if is_prepared(&state) {
                let committee = state.committee.unwrap();
                let is_member = |validator: &Validator| {
                    let account = id(validator);
                    committee
                        .members
                        .iter()
                        .any(|member| member.validator == account)
                };
                let all = self.network.status().validators;
                let (members, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_member);
                // Those that are nothing come first.
                let (standbys, mut outsiders): (Vec<_>, Vec<_>) = others
                    .into_iter()
                    .partition(|one| state.standbys.contains(&id(one)));
                outsiders.extend(standbys);
                return Cast { members, outsiders };
            }
            assert!(
                Instant::now() < deadline,
                "not ready for the next scenario: {state:?}\n{}",
                self.network.logs()
            );
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

fn is_prepared(state: &NetworkState) -> bool {
    let (Some(committee), Some(aux_info)) = (&state.committee, &state.aux_info) else {
        return false;
    };
    let has = |account: &AccountId| {
        aux_info
            .parties
            .iter()
            .any(|party| party.validator == *account)
    };
    matches!(state.phase, Phase::Active)
        && committee.expelled.is_empty()
        && committee.members.len() == state.parameters.committee_size as usize
        && committee
            .members
            .iter()
            .all(|member| has(&member.validator))
        && state.standbys.iter().any(has)
        && state.challenges.is_empty()
}

/// Asks for a change.
async fn make(change: Change, cast: &Cast, client: &SigningClient, rpc: &Rpc) {
    match change {
        Change::Leave => {
            let name = capitalized(&cast.members[0].name);
            let stash = account(&format!("//{name}//stash"));
            let call = rpc.signed("Signing", "leave_committee", (), &stash).await;
            rpc.submit(&call).await.unwrap();
        }
        Change::Parameters(change) => {
            let mut parameters = client.status().await.unwrap().network.parameters;
            change(&mut parameters);
            let root = account("//Alice");
            rpc.sudo("Signing", "set_parameters", parameters.encode(), &root)
                .await;
        }
    }
}

fn id(validator: &Validator) -> AccountId {
    AccountId::from_ss58check(validator.account.as_deref().unwrap()).unwrap()
}

async fn connect(validator: &Validator) -> SigningClient {
    let client = SigningClient::connect(&validator.rpc).await.unwrap();
    client.with_wait(Wait::Included)
}

async fn best(client: &SigningClient) -> u64 {
    u64::from(client.status().await.unwrap().best.number)
}

fn story(events: &Events, from: u64) -> String {
    let seen = events.seen().into_iter().filter(|event| event.block > from);
    let lines = seen.map(|event| format!("{} {}", event.block, event.name));
    lines.collect::<Vec<_>>().join("\n")
}
