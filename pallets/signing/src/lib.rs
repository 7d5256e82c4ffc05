//! Signers, committee, programs and registrations of the signing network.
#![cfg_attr(not(feature = "std"), no_std)]
