//! A network on which scenarios are played.

use super::row::{is_voted_out, Outcome, Row, HEADER};
use crate::place::{cli, id, set_parameters, stash, Place};
use network_tests::{Events, Network, Rpc, Validator};
use signing_client::{AccountId, BlockNumber, NetworkState, Phase, SigningClient};
use signing_primitives::Parameters;
use std::time::{Duration, Instant};

/// Three members, two standbys, and two that are neither.
const VALIDATORS: usize = 7;
/// How long it may take until a committee is complete and all is prepared for the next hand-over.
const TO_PREPARE: Duration = Duration::from_secs(600);
/// How long what is expected may take.
const TO_HAPPEN: Duration = Duration::from_secs(600);
/// How often a scenario is tried in which somebody is to be convicted: on a slow machine it may take so long
/// to start as one that misbehaves that the others vote it out before it has done anything.
const TRIES: usize = 3;
/// What a node says when it misbehaves.
const DOES: &str = "misbehaving: ";
/// For how long nothing must happen where nothing should.
const QUIET: Duration = Duration::from_secs(60);

/// A way to misbehave, and what a node that has done so says at its end.
const CRASH: &str = "crash-after-proof";
const CRASHED: &str = "misbehaving: crashes after-proof";

/// Who does something. Members and outsiders are counted as they are when the scenario begins.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Who {
    /// One of the members.
    Member(usize),
    /// One of the validators that are not members, but not the first: that one is asked what happens.
    Outsider(usize),
    /// All validators that are not members.
    Outsiders,
}

/// What happens in a scenario.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// A validator is killed, and started again only when the scenario is over.
    Kill(Who),
    /// A validator misbehaves in these ways.
    Misbehave(Who, &'static [&'static str]),
    /// A member has no connection with another one.
    Cut { from: usize, off: usize },
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
    pub(crate) steps: Vec<Step>,
    /// The members to whom it is to come; none if nobody is at fault.
    pub(crate) accused: &'static [usize],
    pub(crate) outcome: Outcome,
}

impl Scenario {
    /// The first member is killed.
    pub(crate) fn killed(name: &'static str) -> Self {
        Self {
            name,
            steps: vec![Step::Kill(Who::Member(0))],
            accused: &[0],
            outcome: Outcome::Absent,
        }
    }

    /// The first member misbehaves.
    pub(crate) fn member(
        name: &'static str,
        ways: &'static [&'static str],
        outcome: Outcome,
    ) -> Self {
        Self {
            name,
            steps: vec![Step::Misbehave(Who::Member(0), ways)],
            accused: &[0],
            outcome,
        }
    }

    /// All that are not members misbehave, so that no relayer is honest, and nobody is blamed.
    pub(crate) fn outsiders(name: &'static str, ways: &'static [&'static str]) -> Self {
        Self {
            name,
            steps: vec![Step::Misbehave(Who::Outsiders, ways)],
            accused: &[],
            outcome: Outcome::Unblamed,
        }
    }

    /// One that is no member misbehaves, and users notice nothing of it.
    pub(crate) fn outsider(name: &'static str, ways: &'static [&'static str]) -> Self {
        Self {
            steps: vec![Step::Misbehave(Who::Outsider(1), ways)],
            outcome: Outcome::Nobody,
            ..Self::outsiders(name, ways)
        }
    }

    /// Nobody misbehaves, and the key moves.
    pub(crate) fn change(name: &'static str, change: Change) -> Self {
        Self {
            name,
            steps: vec![Step::Change(change)],
            accused: &[],
            outcome: Outcome::Moved,
        }
    }

    fn has_way(&self, way: &'static str) -> bool {
        let has = |step: &Step| matches!(step, Step::Misbehave(_, ways) if ways.contains(&way));
        self.steps.iter().any(has)
    }

    /// The same, with this besides, and before.
    pub(crate) fn after(mut self, step: Step) -> Self {
        self.steps.insert(0, step);
        self
    }
}

/// A running network with a user on it.
pub(crate) struct Stage {
    place: Place,
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
        Self {
            place: Place::of(Network::start_with(VALIDATORS).await).await,
            rows: Vec::new(),
        }
    }

    /// Plays all, and shows what came of each.
    ///
    /// # Panics
    /// If something else comes of one than is expected.
    pub(crate) async fn play(mut self, scenarios: Vec<Scenario>) {
        for scenario in scenarios {
            for row in self.try_one(&scenario).await {
                println!("{HEADER}\n{row}");
                row.check(scenario.outcome);
                self.rows.push(row);
            }
        }
        println!("{HEADER}");
        for row in &self.rows {
            println!("{row}");
        }
        assert_eq!(
            self.place.network.status().verifying_key,
            Some(self.place.key)
        );
    }

    async fn try_one(&self, scenario: &Scenario) -> Vec<Row> {
        for _ in 0..TRIES {
            if let Some(rows) = self.play_one(scenario).await {
                return rows;
            }
        }
        panic!(
            "{}: voted out each time, before anything was done",
            scenario.name
        );
    }

    /// None if one that was to be convicted has been voted out before it has done anything.
    async fn play_one(&self, scenario: &Scenario) -> Option<Vec<Row>> {
        let cast = self.cast().await;
        let witness = cast.witness(scenario);
        let client = witness.client().await;
        let events = Events::follow(&witness.rpc).await;
        let load = self.place.load_at(client.clone());
        tokio::time::sleep(Duration::from_secs(3)).await;

        let (mut dead, mut changed) = (Vec::new(), Vec::new());
        let did = |name: &str| self.place.network.log(name).matches(DOES).count();
        let done: Vec<usize> = cast.members.iter().map(|one| did(&one.name)).collect();
        let mut began = best(&client).await;
        for step in &scenario.steps {
            match step {
                Step::Kill(who) => {
                    for actor in cast.all(*who) {
                        self.place.network.kill(&actor.name);
                        dead.push(actor.name.clone());
                    }
                }
                Step::Misbehave(who, ways) => {
                    for actor in cast.all(*who) {
                        self.place.network.kill(&actor.name);
                        self.place.network.restart_misbehaving(&actor.name, ways);
                        changed.push(actor.name.clone());
                    }
                    // It begins when it is up.
                    began = best(&client).await;
                }
                Step::Cut { from, off } => {
                    let (from, off) = (&cast.members[*from], &cast.members[*off].name);
                    let way = format!("cut-from={}", id(from));
                    self.place.network.kill(off);
                    self.place.network.restart_misbehaving(off, &[&way]);
                    changed.push(off.clone());
                    began = best(&client).await;
                }
                Step::Change(change) => {
                    make(*change, &cast, &client, &Rpc::new(&witness.rpc)).await;
                }
            }
        }
        println!("{}: from block {began} on", scenario.name);
        let accused: Vec<&Validator> = scenario
            .accused
            .iter()
            .map(|member| &cast.members[*member])
            .collect();

        let is_voted_out = || {
            let does_nothing = |member: &usize| did(&cast.members[*member].name) == done[*member];
            let mut idle = scenario
                .accused
                .iter()
                .filter(|member| does_nothing(member));
            scenario.outcome == Outcome::Proven
                && idle.any(|member| is_voted_out(&id(&cast.members[*member]), &events))
        };
        let begin = Instant::now();
        let patience = match scenario.outcome {
            Outcome::Nobody | Outcome::Unblamed => QUIET,
            _ => TO_HAPPEN,
        };
        let (mut rows, is_voted_out) = loop {
            let rows = Row::all(scenario.name, &accused, began, &events);
            let is_over = rows.iter().all(|row| row.is_over(scenario.outcome));
            let is_voted_out = !is_over && is_voted_out();
            if is_over || is_voted_out || begin.elapsed() > patience {
                break (rows, is_voted_out);
            }
            self.restart_ended(&dead).await;
            tokio::time::sleep(Duration::from_millis(500)).await;
        };
        // Some more requests of whoever signs now.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let (answered, failed) = load.stop().await;
        for row in &mut rows {
            (row.answered, row.failed) = (answered, failed);
        }
        if is_voted_out {
            println!("{}: voted out before anything was done", scenario.name);
            for row in &rows {
                println!("{HEADER}\n{row}");
                assert_eq!(
                    (row.bystanders, row.failed),
                    (0, 0),
                    "{}",
                    story(&events, began)
                );
            }
        } else {
            self.look_closer(scenario, &rows, &story(&events, began), &changed);
            if scenario.outcome == Outcome::Proven {
                is_shown(witness, began);
            }
        }
        for name in dead.iter().chain(&changed) {
            if self.place.network.is_running(name) {
                self.place.network.kill(name);
            }
            self.place.network.restart(name);
        }
        (!is_voted_out).then_some(rows)
    }

    /// At what only this scenario has, and for whoever has to find out why something else came of it.
    fn look_closer(&self, scenario: &Scenario, rows: &[Row], story: &str, changed: &[String]) {
        if rows.iter().any(|row| !row.is_fine(scenario.outcome)) {
            println!("{}\n{story}", self.place.network.logs());
        }
        if scenario.outcome == Outcome::Proven && scenario.has_way(CRASH) {
            let has_crashed = |name: &String| self.place.network.log(name).contains(CRASHED);
            assert!(changed.iter().any(has_crashed), "nobody has crashed");
        }
    }

    /// Starts those that have ended by themselves, as their operators would.
    async fn restart_ended(&self, dead: &[String]) {
        for validator in self.place.network.status().validators {
            if validator.pid.is_none() && !dead.contains(&validator.name) {
                println!("{} has ended; starting it again", validator.name);
                self.place.network.restart(&validator.name);
            }
        }
    }

    /// Waits until the committee is complete, and it and all standbys have auxiliary information.
    async fn cast(&self) -> Cast {
        let deadline = Instant::now() + TO_PREPARE;
        let client = self.place.network.client().await;
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
                let all = self.place.network.status().validators;
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
                self.place.network.logs()
            );
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

impl Cast {
    fn all(&self, who: Who) -> &[Validator] {
        match who {
            Who::Member(member) => &self.members[member..=member],
            Who::Outsider(outsider) => &self.outsiders[outsider..=outsider],
            Who::Outsiders => &self.outsiders,
        }
    }

    /// One that does nothing, where what happens is read: an outsider, or a member if it has to be.
    fn witness(&self, scenario: &Scenario) -> &Validator {
        let acts = |who: Who| {
            scenario.steps.iter().any(|step| match step {
                Step::Kill(actor) | Step::Misbehave(actor, _) => *actor == who,
                Step::Cut { .. } | Step::Change(_) => false,
            })
        };
        match acts(Who::Outsiders) {
            true => self.members.last().unwrap(),
            false => &self.outsiders[0],
        }
    }
}

/// `signing-cli faults` lists what was judged after this block, and shows its evidence: checked once more
/// here, with the chain's result.
fn is_shown(node: &Validator, after: u64) {
    let list = cli(node, &["faults", "list"]);
    let judged = [
        ("cheated", "cheating_proven", "proven"),
        ("false_evidence", "false_evidence", "rejected"),
    ];
    let mut shown = 0;
    for fault in list["faults"].as_array().unwrap() {
        let kind = judged.iter().find(|(kind, ..)| fault["kind"] == *kind);
        let is_new = fault["block"].as_u64().unwrap() > after;
        let Some((_, ruling, verdict)) = kind.filter(|_| is_new) else {
            continue;
        };
        let report = cli(node, &["faults", "show", fault["id"].as_str().unwrap()]);
        assert_eq!(report["ruling"], *ruling, "{report:#}");
        assert_eq!(report["recheck"]["verdict"], *verdict, "{report:#}");
        assert_eq!(report["agrees"], true, "{report:#}");
        assert_eq!(report["accused"], fault["accused"]);
        shown += 1;
    }
    assert!(shown > 0, "nothing was judged: {list:#}");
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
        && !state.standbys.is_empty()
        && state.standbys.iter().all(has)
        && state.challenges.is_empty()
}

/// Asks for a change.
async fn make(change: Change, cast: &Cast, client: &SigningClient, rpc: &Rpc) {
    match change {
        Change::Leave => {
            let stash = stash(&cast.members[0]);
            let call = rpc.signed("Signing", "leave_committee", (), &stash).await;
            rpc.submit(&call).await.unwrap();
        }
        Change::Parameters(change) => {
            set_parameters(client, rpc, change).await;
        }
    }
}

async fn best(client: &SigningClient) -> u64 {
    u64::from(client.status().await.unwrap().best.number)
}

fn story(events: &Events, from: u64) -> String {
    let seen = events.seen().into_iter().filter(|event| event.block > from);
    let lines = seen.map(|event| format!("{} {}", event.block, event.name));
    lines.collect::<Vec<_>>().join("\n")
}
