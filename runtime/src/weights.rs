//! What calls cost, as `scripts/weights` has measured it. The other pallets have the weights that
//! come with them, which were measured on Substrate's reference hardware.

pub mod pallet_signing;
