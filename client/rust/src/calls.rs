//! The calls of `pallet-signing` that users make, and the event that they wait for.
//!
//! Calls are encoded by the metadata that the node sends: arguments are matched by name and shape
//! with what the chain expects, so that a chain of another version gives an error and never a call
//! that means something else.

use crate::chain::{AccountId, VerifyingKey};
use signing_primitives as primitives;
use sp_core::H256;
use subxt::ext::{scale_decode::DecodeAsType, scale_encode::EncodeAsType};

/// The pallet's name in the runtime.
pub(crate) const PALLET: &str = "Signing";

/// A call: its name and its arguments' fields.
pub(crate) trait Call: EncodeAsType + subxt::ext::scale_encode::EncodeAsFields {
    const NAME: &'static str;
}

/// `set_program`
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(crate) struct SetProgram {
    definition: Definition,
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct Definition {
    bytecode: Vec<u8>,
    config_schema: Vec<u8>,
    auxiliary_data_schema: Vec<u8>,
    oracle_keys: Vec<Vec<u8>>,
    abi_version: u8,
}

/// `remove_program`
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(crate) struct RemoveProgram {
    program: [u8; 32],
}

/// `register`
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(crate) struct Register {
    programs: Vec<Instance>,
    owner: [u8; 32],
}

#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
struct Instance {
    program: [u8; 32],
    config: Vec<u8>,
}

/// `change_programs`
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(crate) struct ChangePrograms {
    verifying_key: VerifyingKey,
    programs: Vec<Instance>,
}

/// `change_owner`
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(crate) struct ChangeOwner {
    verifying_key: VerifyingKey,
    owner: [u8; 32],
}

/// `deregister`
#[derive(EncodeAsType)]
#[encode_as_type(crate_path = "subxt::ext::scale_encode")]
pub(crate) struct Deregister {
    verifying_key: VerifyingKey,
}

/// The event `Registered`, of which the chain may say more than is read here.
#[derive(DecodeAsType)]
#[decode_as_type(crate_path = "subxt::ext::scale_decode")]
pub(crate) struct RegisteredEvent {
    pub(crate) index: u32,
    pub(crate) verifying_key: VerifyingKey,
    pub(crate) owner: [u8; 32],
}

impl RegisteredEvent {
    pub(crate) const NAME: &'static str = "Registered";
}

impl Call for SetProgram {
    const NAME: &'static str = "set_program";
}

impl Call for RemoveProgram {
    const NAME: &'static str = "remove_program";
}

impl Call for Register {
    const NAME: &'static str = "register";
}

impl Call for ChangePrograms {
    const NAME: &'static str = "change_programs";
}

impl Call for ChangeOwner {
    const NAME: &'static str = "change_owner";
}

impl Call for Deregister {
    const NAME: &'static str = "deregister";
}

impl SetProgram {
    pub(crate) fn new(definition: &primitives::ProgramDefinition) -> Self {
        Self {
            definition: Definition {
                bytecode: definition.bytecode.to_vec(),
                config_schema: definition.config_schema.to_vec(),
                auxiliary_data_schema: definition.auxiliary_data_schema.to_vec(),
                oracle_keys: definition
                    .oracle_keys
                    .iter()
                    .map(|key| key.to_vec())
                    .collect(),
                abi_version: definition.abi_version,
            },
        }
    }
}

impl RemoveProgram {
    pub(crate) fn new(program: H256) -> Self {
        Self { program: program.0 }
    }
}

impl Register {
    pub(crate) fn new(programs: &[primitives::ProgramInstance], owner: &AccountId) -> Self {
        Self {
            programs: instances(programs),
            owner: bytes(owner),
        }
    }
}

impl ChangePrograms {
    pub(crate) fn new(
        verifying_key: VerifyingKey,
        programs: &[primitives::ProgramInstance],
    ) -> Self {
        Self {
            verifying_key,
            programs: instances(programs),
        }
    }
}

impl ChangeOwner {
    pub(crate) fn new(verifying_key: VerifyingKey, owner: &AccountId) -> Self {
        Self {
            verifying_key,
            owner: bytes(owner),
        }
    }
}

impl Deregister {
    pub(crate) fn new(verifying_key: VerifyingKey) -> Self {
        Self { verifying_key }
    }
}

fn instances(programs: &[primitives::ProgramInstance]) -> Vec<Instance> {
    programs
        .iter()
        .map(|instance| Instance {
            program: instance.program.0,
            config: instance.config.to_vec(),
        })
        .collect()
}

fn bytes(account: &AccountId) -> [u8; 32] {
    *account.as_ref()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing)]
    use super::*;
    use codec::Encode;
    use scale_info::{MetaType, PortableRegistry, Registry, TypeInfo};
    use sp_core::ConstU32;
    use sp_runtime::BoundedVec;

    /// The arguments of the pallet's calls, as its metadata describes them.
    #[derive(Encode, TypeInfo)]
    struct SetProgramArguments {
        definition: primitives::ProgramDefinition,
    }

    #[derive(Encode, TypeInfo)]
    struct RemoveProgramArguments {
        program: H256,
    }

    type Instances = BoundedVec<primitives::ProgramInstance, ConstU32<8>>;

    #[derive(Encode, TypeInfo)]
    struct RegisterArguments {
        programs: Instances,
        owner: AccountId,
    }

    #[derive(Encode, TypeInfo)]
    struct ChangeProgramsArguments {
        verifying_key: VerifyingKey,
        programs: Instances,
    }

    #[derive(Encode, TypeInfo)]
    struct ChangeOwnerArguments {
        verifying_key: VerifyingKey,
        owner: AccountId,
    }

    #[derive(Encode, TypeInfo)]
    struct DeregisterArguments {
        verifying_key: VerifyingKey,
    }

    /// `call` encodes to the very bytes of `arguments` under the type information of their type.
    fn assert_encodes<A: Encode + TypeInfo + 'static>(call: impl Call, arguments: &A) {
        let mut registry = Registry::new();
        let id = registry.register_type(&MetaType::new::<A>()).id;
        let types: PortableRegistry = registry.into();
        let mut encoded = Vec::new();
        call.encode_as_type_to(id, &types, &mut encoded).unwrap();
        assert_eq!(encoded, arguments.encode());
    }

    fn programs() -> Instances {
        vec![
            primitives::ProgramInstance {
                program: H256([1; 32]),
                config: b"{}".to_vec().try_into().unwrap(),
            },
            primitives::ProgramInstance {
                program: H256([2; 32]),
                config: Vec::new().try_into().unwrap(),
            },
        ]
        .try_into()
        .unwrap()
    }

    #[test]
    fn calls_encode_as_the_pallet_decodes_them() {
        let definition = primitives::ProgramDefinition {
            bytecode: b"\0asm\x01\0\0\0".to_vec().try_into().unwrap(),
            config_schema: b"{}".to_vec().try_into().unwrap(),
            auxiliary_data_schema: Vec::new().try_into().unwrap(),
            oracle_keys: vec![b"block".to_vec().try_into().unwrap()]
                .try_into()
                .unwrap(),
            abi_version: 1,
        };
        assert_encodes(
            SetProgram::new(&definition),
            &SetProgramArguments {
                definition: definition.clone(),
            },
        );
        let program = H256([3; 32]);
        assert_encodes(
            RemoveProgram::new(program),
            &RemoveProgramArguments { program },
        );
        let owner = AccountId::new([4; 32]);
        assert_encodes(
            Register::new(&programs(), &owner),
            &RegisterArguments {
                programs: programs(),
                owner: owner.clone(),
            },
        );
        let verifying_key = [2; 33];
        assert_encodes(
            ChangePrograms::new(verifying_key, &programs()),
            &ChangeProgramsArguments {
                verifying_key,
                programs: programs(),
            },
        );
        assert_encodes(
            ChangeOwner::new(verifying_key, &owner),
            &ChangeOwnerArguments {
                verifying_key,
                owner,
            },
        );
        assert_encodes(
            Deregister::new(verifying_key),
            &DeregisterArguments { verifying_key },
        );
    }

    #[test]
    fn a_chain_that_expects_something_else_gets_nothing() {
        #[derive(TypeInfo)]
        #[allow(dead_code)]
        struct OtherArguments {
            verifying_key: VerifyingKey,
            new_owner: AccountId,
        }
        let mut registry = Registry::new();
        let id = registry
            .register_type(&MetaType::new::<OtherArguments>())
            .id;
        let types: PortableRegistry = registry.into();
        let call = ChangeOwner::new([2; 33], &AccountId::new([4; 32]));
        assert!(call.encode_as_type_to(id, &types, &mut Vec::new()).is_err());
    }

    #[test]
    fn the_event_is_read_by_name() {
        #[derive(Encode, TypeInfo)]
        struct Registered {
            index: u32,
            verifying_key: VerifyingKey,
            owner: AccountId,
            who: AccountId,
            deposit: u128,
        }
        let event = Registered {
            index: 7,
            verifying_key: [2; 33],
            owner: AccountId::new([4; 32]),
            who: AccountId::new([5; 32]),
            deposit: 9,
        };
        let mut registry = Registry::new();
        let id = registry.register_type(&MetaType::new::<Registered>()).id;
        let types: PortableRegistry = registry.into();
        let read =
            RegisteredEvent::decode_as_type(&mut event.encode().as_slice(), id, &types).unwrap();
        assert_eq!(
            (read.index, read.verifying_key, read.owner),
            (7, [2; 33], [4; 32])
        );
    }
}
