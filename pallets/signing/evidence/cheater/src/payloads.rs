//! What the messages of a signing session hold, laid out as the library writes it.

use serde::{Deserialize, Serialize};
use signing_evidence::PartyId;

type Number = Vec<u8>;
pub(crate) type Map<T> = Vec<(PartyId, T)>;

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Signed {
    pub(crate) bound: u32,
    pub(crate) negative: bool,
    pub(crate) absolute: Number,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Elog {
    pub(crate) e: Number,
    pub(crate) commitments: [Number; 3],
    pub(crate) z: Number,
    pub(crate) u: Number,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct AffG {
    pub(crate) e: Number,
    pub(crate) a: Number,
    pub(crate) b_x: Number,
    pub(crate) b_y: Number,
    pub(crate) commitments: [Number; 4],
    pub(crate) z: [Signed; 4],
    pub(crate) w: [Number; 2],
}

#[cfg(test)]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Round2Echo {
    pub(crate) gamma: Number,
    pub(crate) fs: Map<Number>,
    pub(crate) hat_fs: Map<Number>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Round2Normal {
    pub(crate) ds: Map<Number>,
    pub(crate) hat_ds: Map<Number>,
    pub(crate) elog: Elog,
    pub(crate) psis: Map<AffG>,
    pub(crate) hat_psis: Map<AffG>,
}

#[cfg(test)]
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Round3Echo {
    pub(crate) delta: Number,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Round4Normal {
    pub(crate) sigma: Number,
}
