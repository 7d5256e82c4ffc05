//! Programs, and the registrations that name them.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;
use sp_core::{ConstU32, H256};
use sp_runtime::BoundedVec;

/// The newest version of the ABI between programs and signers.
pub const ABI_VERSION: u8 = 1;

/// The largest program, bytes.
pub type MaxBytecode = ConstU32<1_000_000>;
/// The longest schema of a program, bytes.
pub type MaxAuxiliarySchema = ConstU32<4096>;
/// The most oracle keys of a program.
pub type MaxOracleKeys = ConstU32<8>;
/// The longest configuration of a program instance, bytes.
pub type MaxConfig = ConstU32<4096>;
/// The most program instances of one registration.
pub type MaxProgramsPerRegistration = ConstU32<8>;

/// Names a program: the BLAKE2-256 hash of its SCALE-encoded [`ProgramDefinition`].
pub type ProgramKey = H256;

/// Everything that determines what a program is. Its hash is the program's key.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct ProgramDefinition {
    /// The WebAssembly module.
    pub bytecode: BoundedVec<u8, MaxBytecode>,
    /// JSON schema of an instance's configuration, or empty.
    pub config_schema: BoundedVec<u8, MaxAuxiliarySchema>,
    /// JSON schema of a request's auxiliary data, or empty.
    pub auxiliary_data_schema: BoundedVec<u8, MaxAuxiliarySchema>,
    /// Names of the oracle data that the program is given.
    pub oracle_keys: BoundedVec<BoundedVec<u8, ConstU32<64>>, MaxOracleKeys>,
    /// The version of the ABI that the module is written for.
    pub abi_version: u8,
}

impl ProgramDefinition {
    /// The program's key.
    pub fn key(&self) -> ProgramKey {
        H256(sp_crypto_hashing::blake2_256(&self.encode()))
    }
}

/// What there is to know of a program apart from its bytecode.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct ProgramSummary<AccountId> {
    /// Who deployed it, and may remove it.
    pub deployer: AccountId,
    /// Length of the bytecode, bytes.
    pub bytecode_len: u32,
    /// JSON schema of an instance's configuration, or empty.
    pub config_schema: BoundedVec<u8, MaxAuxiliarySchema>,
    /// JSON schema of a request's auxiliary data, or empty.
    pub auxiliary_data_schema: BoundedVec<u8, MaxAuxiliarySchema>,
    /// Names of the oracle data that the program is given.
    pub oracle_keys: BoundedVec<BoundedVec<u8, ConstU32<64>>, MaxOracleKeys>,
    /// The version of the ABI that the module is written for.
    pub abi_version: u8,
    /// How many program instances of registrations use it.
    pub references: u32,
}

/// A program with its bytecode.
#[derive(Clone, Debug, Decode, Encode, Eq, PartialEq, TypeInfo)]
pub struct Program<AccountId> {
    /// Everything but the bytecode.
    pub summary: ProgramSummary<AccountId>,
    /// The WebAssembly module.
    pub bytecode: Vec<u8>,
}

/// A program as one registration uses it.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct ProgramInstance {
    /// The program.
    pub program: ProgramKey,
    /// Its configuration: what the program makes of it is its own matter.
    pub config: BoundedVec<u8, MaxConfig>,
}

/// A user's key and the programs that guard it.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct Registration<AccountId> {
    /// The key is the network key's BIP-32 child `m/0/<index>`.
    pub index: u32,
    /// Who may change the programs.
    pub owner: AccountId,
    /// The programs: all must say yes.
    pub programs: BoundedVec<ProgramInstance, MaxProgramsPerRegistration>,
}

/// What is held for a registration, and of whose balance.
#[derive(
    Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
)]
pub struct RegistrationDeposit<AccountId, Balance> {
    /// Who gets it back. It need not be the registration's owner.
    pub depositor: AccountId,
    /// How much is held, in the currency's smallest unit.
    pub amount: Balance,
}
