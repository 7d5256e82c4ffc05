//! A node and two relayers, put together.

use crate::{
    node::{Chain, Node},
    relayer::{Behaviour, Relayer},
    samples::{network, user_key},
};
use signing_primitives::{ProgramInstance, ProgramSummary, Registration, RegistrationDeposit};
use sp_core::{crypto::AccountId32, H256};
use std::process::{Command, Output};

/// Validators 0 to 2 are the committee, 3 and 4 the relayers.
pub(crate) struct World {
    pub(crate) node: Node,
    pub(crate) relayers: Vec<Relayer>,
}

/// The owner of everything here.
pub(crate) fn owner() -> AccountId32 {
    AccountId32::new([4; 32])
}

pub(crate) fn hex_key() -> String {
    format!("0x{}", hex::encode(user_key().1))
}

impl World {
    /// Both relayers do the same.
    pub(crate) async fn new(behaviour: Behaviour) -> Self {
        Self::with([behaviour, behaviour]).await
    }

    pub(crate) async fn with(behaviours: [Behaviour; 2]) -> Self {
        let mut state = network().state;
        let mut relayers = Vec::new();
        for (index, behaviour) in behaviours.into_iter().enumerate() {
            let relayer = Relayer::start(index + 3, behaviour).await;
            let signer = state.validators[index + 3].signer.as_mut().unwrap();
            signer.endpoint = relayer.endpoint.clone().into_bytes().try_into().unwrap();
            relayers.push(relayer);
        }
        let program = H256([6; 32]);
        let instance = ProgramInstance {
            program,
            config: b"{\"limit\":3}".to_vec().try_into().unwrap(),
        };
        let registration = Registration {
            index: 7,
            owner: owner(),
            programs: vec![instance].try_into().unwrap(),
        };
        let deposit = RegistrationDeposit {
            depositor: AccountId32::new([5; 32]),
            amount: 112_300_000_000,
        };
        let summary = ProgramSummary {
            deployer: owner(),
            bytecode_len: 1234,
            config_schema: Default::default(),
            auxiliary_data_schema: Default::default(),
            oracle_keys: Default::default(),
            abi_version: 1,
            references: 1,
        };
        let chain = Chain {
            state,
            registrations: vec![(user_key().1, registration)],
            deposits: vec![(user_key().1, deposit)],
            programs: vec![(program, summary)],
            best: 12,
            finalized: 10,
            other_version: false,
        };
        let node = Node::start(chain).await;
        Self { node, relayers }
    }

    /// How many requests the relayers have had.
    pub(crate) fn requests(&self) -> usize {
        self.relayers.iter().map(Relayer::count).sum()
    }

    /// Runs `signing-cli` with these arguments against this node.
    pub(crate) async fn cli(&self, arguments: &[&str]) -> Outcome {
        let mut command = command();
        command.args(["--url", &self.node.url]).args(arguments);
        run(command).await
    }
}

/// What a run of `signing-cli` left.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Standard output, which must be one JSON object.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The code of the error in the JSON object.
    pub(crate) fn error_code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// `signing-cli`, without what the environment says.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signing-cli"));
    for name in [
        "SIGNING_URL",
        "SIGNING_SURI",
        "SIGNING_KEY_FILE",
        "SIGNING_VERIFYING_KEY",
    ] {
        command.env_remove(name);
    }
    command
}

pub(crate) async fn run(mut command: Command) -> Outcome {
    let output = tokio::task::spawn_blocking(move || command.output());
    let Output {
        status,
        stdout,
        stderr,
    } = output.await.unwrap().unwrap();
    Outcome {
        code: status.code().unwrap(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}
