//! What the messages of a signing session hold, laid out as the library writes it.

use crate::PartyId;
use serde::{Deserialize, Serialize};

type Number = Vec<u8>;
pub(super) type Map<T> = Vec<(PartyId, T)>;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Signed {
    pub(super) bound: u32,
    pub(super) negative: bool,
    pub(super) absolute: Number,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Elog {
    pub(super) e: Number,
    pub(super) commitments: [Number; 3],
    pub(super) z: Number,
    pub(super) u: Number,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct AffG {
    pub(super) e: Number,
    pub(super) a: Number,
    pub(super) b_x: Number,
    pub(super) b_y: Number,
    pub(super) commitments: [Number; 4],
    pub(super) z: [Signed; 4],
    pub(super) w: [Number; 2],
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Round2Echo {
    pub(super) gamma: Number,
    pub(super) fs: Map<Number>,
    pub(super) hat_fs: Map<Number>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Round2Normal {
    pub(super) ds: Map<Number>,
    pub(super) hat_ds: Map<Number>,
    pub(super) elog: Elog,
    pub(super) psis: Map<AffG>,
    pub(super) hat_psis: Map<AffG>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Round3Echo {
    pub(super) delta: Number,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(super) struct Round4Normal {
    pub(super) sigma: Number,
}
