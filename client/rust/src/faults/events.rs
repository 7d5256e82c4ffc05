//! Events that have to do with faults.

use crate::{
    calls::PALLET,
    chain::{AccountId, Block, BlockNumber},
};
use subxt::{
    config::substrate::SubstrateConfig,
    dynamic::Value,
    error::EventsError,
    events::{Event, Phase},
    ext::{scale_decode::DecodeAsType, scale_value::ValueDef},
};

/// Something that has happened to a validator, or because of one.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum FaultEvent {
    /// A validator has reported another one, without proof.
    Reported {
        /// Who reports.
        reporter: AccountId,
        /// Who is reported.
        accused: AccountId,
        /// What for, as the chain names it: `Unreachable`, `Silent`, `Misbehaved`.
        fault: String,
    },
    /// A proof of cheating held.
    CheatingProven {
        /// Who has shown it.
        reporter: AccountId,
        /// Who has cheated.
        accused: AccountId,
        /// The generation of key shares.
        generation: u32,
        /// What the cheater loses of its stake, in billionths.
        slash: u32,
    },
    /// A proof of cheating did not hold.
    FalseEvidence {
        /// Who is punished for it.
        reporter: AccountId,
        /// Whom it accused.
        accused: AccountId,
        /// What the reporter loses of its stake, in billionths.
        slash: u32,
    },
    /// A validator must show that it is there.
    Challenged {
        /// The validator.
        validator: AccountId,
        /// The last block for its answer.
        deadline: BlockNumber,
    },
    /// It has.
    ChallengeAnswered {
        /// The validator.
        validator: AccountId,
    },
    /// It has not.
    ChallengeUnanswered {
        /// The validator.
        validator: AccountId,
        /// What it loses of its stake, in billionths.
        slash: u32,
    },
    /// A validator has lost its seat.
    SeatLost {
        /// The validator.
        validator: AccountId,
        /// Why, as the chain names it: `Fault`, `LeavesValidators`, `Rotated`, `Requested`.
        cause: String,
    },
    /// A member has its seat back.
    SeatRegained {
        /// The validator.
        validator: AccountId,
    },
    /// A standby has lost its place.
    StandbyDismissed {
        /// The validator.
        validator: AccountId,
    },
    /// Others are to have the key.
    CommitteeReassigned {
        /// The generation that they are to have.
        generation: u32,
        /// Who has a seat no more, or was to have one.
        removed: Vec<AccountId>,
        /// Who is to have one.
        added: Vec<AccountId>,
    },
    /// An attempt has failed: at a hand-over, at a key, at auxiliary information.
    AttemptFailed {
        /// The event's name.
        event: &'static str,
        /// The attempt.
        attempt: u32,
        /// Why, as the chain names it.
        failure: String,
        /// Who is passed over until it announces itself again.
        excluded: Vec<AccountId>,
    },
    /// Another generation is in force.
    CommitteeActivated {
        /// The generation.
        generation: u32,
    },
}

/// An event, and where it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FaultEventAt {
    /// The block.
    pub block: Block,
    /// The extrinsic in it that has caused it; none if the block itself has.
    pub extrinsic: Option<u32>,
    /// What has happened.
    pub event: FaultEvent,
}

type Key = [u8; 32];

// What the events' fields are called. The chain may say more than is read here.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Reported {
    reporter: Key,
    accused: Key,
    fault: Value,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Proven {
    reporter: Key,
    accused: Key,
    generation: u32,
    slash: u32,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct False {
    reporter: Key,
    accused: Key,
    slash: u32,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Challenged {
    validator: Key,
    deadline: u32,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Of {
    validator: Key,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Unanswered {
    validator: Key,
    slash: u32,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Lost {
    validator: Key,
    cause: Value,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Reassigned {
    generation: u32,
    removed: Vec<Key>,
    added: Vec<Key>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Failed {
    attempt: u32,
    failure: Value,
    excluded: Vec<Key>,
}

#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
struct Activated {
    generation: u32,
}

/// The name of an enum's variant.
fn name(value: &Value) -> String {
    match &value.value {
        ValueDef::Variant(variant) => variant.name.clone(),
        _ => "?".into(),
    }
}

fn accounts(keys: Vec<Key>) -> Vec<AccountId> {
    keys.into_iter().map(AccountId::new).collect()
}

/// Where fields are read from: an event, in tests its bytes.
pub(super) trait Fields {
    type Error;
    fn read<T: subxt::ext::scale_decode::DecodeAsFields>(&self) -> Result<T, Self::Error>;
}

impl Fields for Event<'_, SubstrateConfig> {
    type Error = Box<EventsError>;

    fn read<T: subxt::ext::scale_decode::DecodeAsFields>(&self) -> Result<T, Box<EventsError>> {
        self.decode_fields_unchecked_as().map_err(Box::new)
    }
}

/// An event, if it has to do with faults.
pub(super) fn read(
    block: Block,
    event: &Event<'_, SubstrateConfig>,
) -> Result<Option<FaultEventAt>, Box<EventsError>> {
    if event.pallet_name() != PALLET {
        return Ok(None);
    }
    let extrinsic = match event.phase() {
        Phase::ApplyExtrinsic(index) => Some(index),
        _ => None,
    };
    let read = by_name(event.event_name(), event)?;
    Ok(read.map(|event| FaultEventAt {
        block,
        extrinsic,
        event,
    }))
}

fn by_name<F: Fields>(event: &str, fields: &F) -> Result<Option<FaultEvent>, F::Error> {
    Ok(Some(match event {
        "FaultReported" => {
            let read: Reported = fields.read()?;
            FaultEvent::Reported {
                reporter: AccountId::new(read.reporter),
                accused: AccountId::new(read.accused),
                fault: name(&read.fault),
            }
        }
        "CheatingProven" => {
            let read: Proven = fields.read()?;
            FaultEvent::CheatingProven {
                reporter: AccountId::new(read.reporter),
                accused: AccountId::new(read.accused),
                generation: read.generation,
                slash: read.slash,
            }
        }
        "FalseEvidence" => {
            let read: False = fields.read()?;
            FaultEvent::FalseEvidence {
                reporter: AccountId::new(read.reporter),
                accused: AccountId::new(read.accused),
                slash: read.slash,
            }
        }
        "Challenged" => {
            let read: Challenged = fields.read()?;
            FaultEvent::Challenged {
                validator: AccountId::new(read.validator),
                deadline: read.deadline,
            }
        }
        "ChallengeAnswered" => FaultEvent::ChallengeAnswered {
            validator: AccountId::new(fields.read::<Of>()?.validator),
        },
        "ChallengeUnanswered" => {
            let read: Unanswered = fields.read()?;
            FaultEvent::ChallengeUnanswered {
                validator: AccountId::new(read.validator),
                slash: read.slash,
            }
        }
        "SeatLost" => {
            let read: Lost = fields.read()?;
            FaultEvent::SeatLost {
                validator: AccountId::new(read.validator),
                cause: name(&read.cause),
            }
        }
        "SeatRegained" => FaultEvent::SeatRegained {
            validator: AccountId::new(fields.read::<Of>()?.validator),
        },
        "StandbyDismissed" => FaultEvent::StandbyDismissed {
            validator: AccountId::new(fields.read::<Of>()?.validator),
        },
        "CommitteeReassigned" => {
            let read: Reassigned = fields.read()?;
            FaultEvent::CommitteeReassigned {
                generation: read.generation,
                removed: accounts(read.removed),
                added: accounts(read.added),
            }
        }
        "KeygenFailed" => failed("KeygenFailed", fields.read()?),
        "ReshareFailed" => failed("ReshareFailed", fields.read()?),
        "AuxInfoFailed" => failed("AuxInfoFailed", fields.read()?),
        "CommitteeActivated" => FaultEvent::CommitteeActivated {
            generation: fields.read::<Activated>()?.generation,
        },
        _ => return Ok(None),
    }))
}

fn failed(event: &'static str, read: Failed) -> FaultEvent {
    FaultEvent::AttemptFailed {
        event,
        attempt: read.attempt,
        failure: name(&read.failure),
        excluded: accounts(read.excluded),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use codec::Encode;
    use scale_info::{MetaType, PortableRegistry, Registry, TypeDef, TypeInfo};
    use signing_primitives::UnprovableFault;
    use sp_runtime::Perbill;
    use subxt::ext::scale_decode::{DecodeAsFields, Error, Field};

    /// The pallet's events, as its metadata describes them.
    #[derive(Encode, TypeInfo)]
    #[allow(dead_code)]
    enum Events {
        FaultReported {
            reporter: AccountId,
            accused: AccountId,
            fault: UnprovableFault,
        },
        CheatingProven {
            reporter: AccountId,
            accused: AccountId,
            generation: u32,
            slash: Perbill,
        },
        FalseEvidence {
            reporter: AccountId,
            accused: AccountId,
            slash: Perbill,
        },
        Challenged {
            validator: AccountId,
            deadline: u32,
        },
        ChallengeUnanswered {
            validator: AccountId,
            slash: Perbill,
        },
        SeatLost {
            validator: AccountId,
            cause: Cause,
        },
        SeatRegained {
            validator: AccountId,
        },
        CommitteeReassigned {
            generation: u32,
            removed: Vec<AccountId>,
            added: Vec<AccountId>,
            members: Vec<(AccountId, [u8; 32])>,
        },
        ReshareFailed {
            attempt: u32,
            failure: Cause,
            excluded: Vec<AccountId>,
        },
    }

    #[derive(Encode, TypeInfo)]
    #[allow(dead_code)]
    enum Cause {
        Fault,
        /// One that this client has never heard of.
        Moon,
    }

    /// An event as bytes, and the types that describe it.
    struct Encoded {
        bytes: Vec<u8>,
        name: String,
        types: PortableRegistry,
        id: u32,
    }

    impl Encoded {
        fn new(event: &Events) -> Self {
            let mut registry = Registry::new();
            let id = registry.register_type(&MetaType::new::<Events>()).id;
            let types: PortableRegistry = registry.into();
            let bytes = event.encode();
            let TypeDef::Variant(variants) = &types.resolve(id).unwrap().type_def else {
                panic!("no enum");
            };
            let name = variants.variants[usize::from(bytes[0])].name.to_string();
            Self {
                bytes,
                name,
                types,
                id,
            }
        }
    }

    impl Fields for Encoded {
        type Error = Error;

        fn read<T: DecodeAsFields>(&self) -> Result<T, Error> {
            let TypeDef::Variant(variants) = &self.types.resolve(self.id).unwrap().type_def else {
                panic!("no enum");
            };
            let variant = &variants.variants[usize::from(self.bytes[0])];
            let mut fields = variant
                .fields
                .iter()
                .map(|field| Field::new(field.ty.id, field.name.as_deref()));
            T::decode_as_fields(&mut &self.bytes[1..], &mut fields, &self.types)
        }
    }

    fn read(event: &Events) -> FaultEvent {
        let encoded = Encoded::new(event);
        by_name(&encoded.name, &encoded).unwrap().unwrap()
    }

    fn account(byte: u8) -> AccountId {
        AccountId::new([byte; 32])
    }

    #[test]
    fn events_are_read_as_the_pallet_writes_them() {
        let (reporter, accused) = (account(1), account(2));
        assert_eq!(
            read(&Events::FaultReported {
                reporter: reporter.clone(),
                accused: accused.clone(),
                fault: UnprovableFault::Silent,
            }),
            FaultEvent::Reported {
                reporter: reporter.clone(),
                accused: accused.clone(),
                fault: "Silent".into(),
            }
        );
        assert_eq!(
            read(&Events::CheatingProven {
                reporter: reporter.clone(),
                accused: accused.clone(),
                generation: 3,
                slash: Perbill::from_percent(10),
            }),
            FaultEvent::CheatingProven {
                reporter: reporter.clone(),
                accused: accused.clone(),
                generation: 3,
                slash: 100_000_000,
            }
        );
        assert_eq!(
            read(&Events::FalseEvidence {
                reporter: reporter.clone(),
                accused: accused.clone(),
                slash: Perbill::one(),
            }),
            FaultEvent::FalseEvidence {
                reporter: reporter.clone(),
                accused: accused.clone(),
                slash: 1_000_000_000,
            }
        );
        assert_eq!(
            read(&Events::CommitteeReassigned {
                generation: 4,
                removed: vec![accused.clone()],
                added: vec![reporter.clone()],
                members: vec![(reporter.clone(), [1; 32])],
            }),
            FaultEvent::CommitteeReassigned {
                generation: 4,
                removed: vec![accused.clone()],
                added: vec![reporter],
            }
        );
        assert_eq!(
            read(&Events::Challenged {
                validator: accused.clone(),
                deadline: 77,
            }),
            FaultEvent::Challenged {
                validator: accused,
                deadline: 77,
            }
        );
    }

    #[test]
    fn causes_that_this_client_does_not_know_are_named_all_the_same() {
        let validator = account(2);
        assert_eq!(
            read(&Events::SeatLost {
                validator: validator.clone(),
                cause: Cause::Moon,
            }),
            FaultEvent::SeatLost {
                validator: validator.clone(),
                cause: "Moon".into(),
            }
        );
        let failed = Events::ReshareFailed {
            attempt: 9,
            failure: Cause::Moon,
            excluded: vec![validator.clone()],
        };
        assert_eq!(
            read(&failed),
            FaultEvent::AttemptFailed {
                event: "ReshareFailed",
                attempt: 9,
                failure: "Moon".into(),
                excluded: vec![validator],
            }
        );
    }

    #[test]
    fn other_events_are_passed_over() {
        let event = Encoded::new(&Events::SeatRegained {
            validator: account(1),
        });
        assert_eq!(by_name("SignerAnnounced", &event).unwrap(), None);
    }
}
