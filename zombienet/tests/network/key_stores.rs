//! What lies in nodes' key stores: the secrets of the network key, and what is worked out from them.

use k256::{elliptic_curve::PrimeField, ProjectivePoint, Scalar};
use network_tests::Network;
use offchain_signer::{
    key_store::{KeyStore, Password},
    protocol::{Params, PartyId},
};
use serde::Deserialize;
use signing_client::VerifyingKey;
use sp_core::H256;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};
use synedrion::{
    bip32::{ChildNumber, DerivationPath},
    AuxInfo, KeyShare, ThresholdKeyShare,
};

type Share = ThresholdKeyShare<Params, PartyId>;

/// The password of key stores on local chains: everybody knows it.
pub(crate) const PASSWORD: &str = "insecure development password";
/// A store is written now and then; so many times in a row it is not.
const MOST_COPIES: u32 = 20;

/// One node's key store, opened.
pub(crate) struct Opened {
    /// The node.
    pub(crate) name: String,
    /// Its Noise and HPKE key.
    pub(crate) x25519: [u8; 32],
    /// Its newest share of the network key, if it has one, and of which generation that is.
    pub(crate) material: Option<(u32, Material)>,
}

/// What stands in a member's record.
pub(crate) struct Material {
    share: Share,
    pub(crate) owner: PartyId,
    pub(crate) secret_share: Vec<u8>,
    pub(crate) public_shares: Vec<Vec<u8>>,
    pub(crate) primes: [Vec<u8>; 2],
    pub(crate) public_numbers: Vec<Vec<u8>>,
    pub(crate) commitment: H256,
}

/// Opens a copy of a node's key store; the node may be running.
pub(crate) fn open(network: &Network, name: &str, genesis: H256) -> Opened {
    let (store, _) = open_copy(&store_of(network, name), genesis);
    let material = store.newest().map(|(generation, material)| {
        let commitment = material.commitment();
        let material = Material::read(&material.to_bytes().unwrap(), commitment);
        (generation, material)
    });
    Opened {
        name: name.into(),
        x25519: store.x25519_secret().to_bytes(),
        material,
    }
}

/// The store in a copy of this file, and how many copies it took: one that is made while the store is
/// being written may have some of what is before the write and some of what is after it, and that
/// does not open.
pub(crate) fn open_copy(file: &Path, genesis: H256) -> (KeyStore, u32) {
    for copies in 1.. {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("key-store.redb");
        fs::copy(file, &copy).unwrap();
        match KeyStore::open_existing(&copy, &Password::new(PASSWORD.into()), genesis) {
            Ok(store) => return (store, copies),
            Err(error) => assert!(copies < MOST_COPIES, "{}: {error}", file.display()),
        }
    }
    unreachable!()
}

fn store_of(network: &Network, name: &str) -> PathBuf {
    let stores: Vec<_> = files_below(&network.folder().join(name))
        .into_iter()
        .filter(|file| file.ends_with("key-store.redb"))
        .collect();
    assert_eq!(stores.len(), 1, "{name} has {stores:?}");
    stores[0].clone()
}

/// All files below a folder.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files
}

/// As the library lays out a [`ThresholdKeyShare`].
#[derive(Deserialize)]
struct ShareLayout<'a> {
    owner: PartyId,
    _threshold: u32,
    secret: &'a [u8],
    #[serde(borrow)]
    _ids: Vec<(PartyId, &'a [u8])>,
    #[serde(borrow)]
    public: Vec<(PartyId, &'a [u8])>,
}

/// As the library lays out an [`AuxInfo`].
#[derive(Deserialize)]
struct AuxInfoLayout<'a> {
    owner: PartyId,
    primes: [&'a [u8]; 2],
    #[serde(borrow)]
    public: Vec<(PartyId, [&'a [u8]; 4])>,
}

/// As the library lays out a [`KeyShare`], up to its public part.
#[derive(Deserialize)]
struct KeyShareLayout<'a> {
    _owner: PartyId,
    secret: &'a [u8],
}

impl Material {
    /// Reads the form in which key material is sealed: a format, an attempt, and the two parts.
    fn read(bytes: &[u8], commitment: H256) -> Self {
        let (_format, bytes) = bytes.split_first().unwrap();
        let (_attempt, rest) = postcard::take_from_bytes::<u32>(bytes).unwrap();
        let (share, _) = postcard::take_from_bytes::<Share>(rest).unwrap();
        let (layout, rest) = postcard::take_from_bytes::<ShareLayout>(rest).unwrap();
        let _: AuxInfo<Params, PartyId> = postcard::from_bytes(rest).unwrap();
        let aux: AuxInfoLayout = postcard::from_bytes(rest).unwrap();
        assert_eq!(aux.owner, layout.owner);
        let own_numbers = aux.public.iter().find(|(party, _)| *party == aux.owner);
        let material = Self {
            share,
            owner: layout.owner,
            secret_share: layout.secret.to_vec(),
            public_shares: layout.public.iter().map(|(_, s)| s.to_vec()).collect(),
            primes: aux.primes.map(<[u8]>::to_vec),
            public_numbers: aux
                .public
                .iter()
                .flat_map(|(_, numbers)| numbers.map(<[u8]>::to_vec))
                .collect(),
            commitment,
        };
        // What is looked for below is what it is taken for.
        let numbers = own_numbers.unwrap().1;
        assert!(
            numbers.iter().any(|n| is_product(&material.primes, n)),
            "these are not the primes of the Paillier key"
        );
        material
    }

    /// The share of `m/0/<index>`, by itself and as it is used with each other member.
    pub(crate) fn derived(&self, index: u32, members: &BTreeSet<PartyId>) -> Derived {
        let mut path = DerivationPath::default();
        path.push(ChildNumber::new(0, false).unwrap());
        path.push(ChildNumber::new(index, false).unwrap());
        let child = self.share.derive_bip32(&path).unwrap();
        let bytes = postcard::to_allocvec(&child).unwrap();
        let (layout, _) = postcard::take_from_bytes::<ShareLayout>(&bytes).unwrap();
        let additive = members
            .iter()
            .filter(|member| **member != self.owner)
            .map(|member| {
                let pair = [self.owner.clone(), member.clone()].into();
                let share: KeyShare<Params, PartyId> = child.to_key_share(&pair).unwrap();
                let bytes = postcard::to_allocvec(&share).unwrap();
                let (layout, _) = postcard::take_from_bytes::<KeyShareLayout>(&bytes).unwrap();
                (member.clone(), layout.secret.to_vec())
            })
            .collect();
        Derived {
            share: layout.secret.to_vec(),
            additive,
        }
    }
}

pub(crate) struct Derived {
    pub(crate) share: Vec<u8>,
    pub(crate) additive: BTreeMap<PartyId, Vec<u8>>,
}

/// Whether `n` is the product of two primes, as far as its lowest 64 bits tell.
fn is_product(primes: &[Vec<u8>; 2], n: &[u8]) -> bool {
    let big = |bytes: &[u8]| u64::from_be_bytes(*bytes.last_chunk().unwrap());
    let little = |bytes: &[u8]| u64::from_le_bytes(*bytes.first_chunk().unwrap());
    let [p, q] = primes;
    big(p).wrapping_mul(big(q)) == big(n) || little(p).wrapping_mul(little(q)) == little(n)
}

/// Any two members' parts make the user's key, which nobody ever had: so the parts are the right
/// ones.
pub(crate) fn whole_key(
    children: &BTreeMap<&PartyId, Derived>,
    verifying_key: VerifyingKey,
) -> Vec<u8> {
    let scalar = |bytes: &[u8]| {
        let bytes = <[u8; 32]>::try_from(bytes).unwrap();
        Scalar::from_repr(bytes.into()).unwrap()
    };
    let mut whole = BTreeSet::new();
    for (party, child) in children {
        for (other, part) in &child.additive {
            let key = scalar(part) + scalar(&children[other].additive[*party]);
            let public = (ProjectivePoint::GENERATOR * key).to_affine();
            let public = k256::ecdsa::VerifyingKey::from_affine(public).unwrap();
            let public = public.to_encoded_point(true);
            assert_eq!(public.as_bytes(), verifying_key);
            whole.insert(key.to_bytes().to_vec());
        }
    }
    assert_eq!(whole.len(), 1);
    whole.into_iter().next().unwrap()
}
