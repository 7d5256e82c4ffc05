//! What the messages of a signing session hold, laid out as the library writes it.

use serde::{Deserialize, Serialize};
use signing_evidence::PartyId;

type Number = Vec<u8>;
pub type Map<T> = Vec<(PartyId, T)>;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Signed {
    pub bound: u32,
    pub negative: bool,
    pub absolute: Number,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Elog {
    pub e: Number,
    pub commitments: [Number; 3],
    pub z: Number,
    pub u: Number,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct AffG {
    pub e: Number,
    pub a: Number,
    pub b_x: Number,
    pub b_y: Number,
    pub commitments: [Number; 4],
    pub z: [Signed; 4],
    pub w: [Number; 2],
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Round2Echo {
    pub gamma: Number,
    pub fs: Map<Number>,
    pub hat_fs: Map<Number>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Round2Normal {
    pub ds: Map<Number>,
    pub hat_ds: Map<Number>,
    pub elog: Elog,
    pub psis: Map<AffG>,
    pub hat_psis: Map<AffG>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Round3Echo {
    pub delta: Number,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Round4Normal {
    pub sigma: Number,
}
