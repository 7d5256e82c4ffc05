//! No secret of the network key leaves its node, nor lies about in it: not on the wire, not in logs,
//! not in files. Looked for is what the key stores hold in the end, and what is worked out from it.
//!
//! What nodes say to each other as nodes of a chain (libp2p) is not recorded; it is what their
//! databases hold.

use crate::key_stores::{files_below, open, whole_key, Material, Opened};
use network_tests::{Found, Needles, Network, Stream};
use offchain_signer::protocol::PartyId;
use signing_client::{Registered, Signature, VerifyingKey};
use signing_primitives::wire::x25519_public_key;
use sp_core::H256;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// What must have been told, and what must not, of an honest user's request.
pub(crate) struct Told<'a> {
    pub(crate) genesis: H256,
    /// The nodes' key stores when the first committee had made the key.
    pub(crate) at_first: &'a [Opened],
    pub(crate) network_key: VerifyingKey,
    pub(crate) user: &'a Registered,
    pub(crate) message: &'a [u8],
    pub(crate) signature: &'a Signature,
    pub(crate) pages: &'a [String],
}

type Members<'a> = BTreeMap<PartyId, (&'a str, &'a Material)>;

/// Searches everything that the nodes have said and written. They must be stopped.
pub(crate) fn none_has_left(network: &Network, told: &Told) {
    let nodes = network.status().validators;
    assert!(nodes.iter().all(|node| node.pid.is_none()), "nodes run");
    let stores: Vec<Opened> = nodes
        .iter()
        .map(|node| open(network, &node.name, told.genesis))
        .collect();
    // Whoever was made to look silent may have been replaced.
    let (generation, members) = members(&stores);
    let (first, founders) = self::members(told.at_first);

    // One search for both: what must not be there, and what must, so that it is seen to work.
    let mut needles = Needles::default();
    let mut secrets = secrets(&stores, &members, told);
    if generation != first {
        secrets.extend(of_shares(&founders, told));
    }
    let publics = publics(&stores, &members, told);
    for (label, bytes) in secrets.iter().chain(&publics) {
        needles.add(label, bytes);
    }
    let recording = network.recording();
    let sockets = recording.websockets().unwrap();
    let mut searched = Searched::default();
    for file in files_below(&network.folder()) {
        let name = file.strip_prefix(network.folder()).unwrap();
        let bytes = fs::read(&file).unwrap();
        searched.search(&needles, &name.display().to_string(), &bytes);
    }
    for page in told.pages {
        searched.search(&needles, "a page", page.as_bytes());
    }
    for (what, streams) in [("stream", &recording.streams), ("WebSocket", &sockets)] {
        for stream in streams {
            let place = format!(
                "{what} {:?} {}",
                stream.direction, stores[stream.signer].name
            );
            searched.search(&needles, &place, &stream.bytes);
        }
    }

    for ((label, form), places) in &searched.found {
        let secret = secrets.iter().any(|(secret, _)| secret == label);
        assert!(!secret, "{label} has leaked in {form}: {places:?}");
    }
    publics_are_found(&searched.found, &stores);
    the_logs_say_all(network, &members);
    let between = the_mesh_shows_nothing(&members, &sockets);
    println!(
        "{} secrets are in none of {} files, pages and streams of {} MB; recorded were {} kB, \
         of them {between} kB between signers",
        secrets.len(),
        searched.places,
        searched.bytes / 1_000_000,
        recording.len() / 1000,
    );
}

/// The newest generation, and those who hold its shares.
fn members(stores: &[Opened]) -> (u32, Members<'_>) {
    let shares = stores
        .iter()
        .filter_map(|store| Some((store.name.as_str(), store.material.as_ref()?)));
    let newest = shares.clone().map(|(_, (generation, _))| *generation).max();
    let members: Members = shares
        .filter(|(_, (generation, _))| Some(*generation) == newest)
        .map(|(name, (_, material))| (material.owner.clone(), (name, material)))
        .collect();
    assert_eq!(members.len(), 3, "three nodes hold shares in force");
    (newest.unwrap(), members)
}

#[derive(Default)]
struct Searched {
    found: Found,
    places: usize,
    bytes: usize,
}

impl Searched {
    fn search(&mut self, needles: &Needles, place: &str, bytes: &[u8]) {
        needles.find(place, bytes, &mut self.found);
        self.places += 1;
        self.bytes += bytes.len();
    }
}

/// Everything that no one but its owner may know, or no one at all.
fn secrets(stores: &[Opened], members: &Members, told: &Told) -> Vec<(String, Vec<u8>)> {
    let mut secrets = Vec::new();
    let mut secret = |label: String, bytes: &[u8]| secrets.push((label, bytes.to_vec()));
    for store in stores {
        secret(format!("{}'s x25519 key", store.name), &store.x25519);
    }
    // A request is for the relayer and the signers, and for nobody's disk.
    secret("the user's message".into(), told.message);
    let hex = hex::encode(told.message);
    secret("the user's message".into(), hex.as_bytes());
    secrets.extend(of_shares(members, told));
    secrets
}

/// What members hold, and what can be worked out from it.
fn of_shares(members: &Members, told: &Told) -> Vec<(String, Vec<u8>)> {
    let mut secrets = Vec::new();
    let mut secret = |label: String, bytes: &[u8]| secrets.push((label, bytes.to_vec()));
    let everybody: BTreeSet<PartyId> = members.keys().cloned().collect();
    let mut children = BTreeMap::new();
    for (party, (name, material)) in members {
        secret(format!("{name}'s share"), &material.secret_share);
        for prime in &material.primes {
            secret(format!("a prime of {name}'s"), prime);
        }
        let child = material.derived(told.user.index, &everybody);
        secret(format!("{name}'s share of the user's key"), &child.share);
        for bytes in child.additive.values() {
            secret(format!("{name}'s part of the user's key"), bytes);
        }
        children.insert(party, child);
    }
    let whole = whole_key(&children, told.user.verifying_key);
    secret("the user's key".into(), &whole);
    secrets
}

const NETWORK_KEY: &str = "the network key";
const COMMITMENT: &str = "the commitment to the shares";
const SIGNATURE: &str = "the user's signature";

fn x25519_label(name: &str) -> String {
    format!("{name}'s public x25519 key")
}

/// What everybody may know.
fn publics(stores: &[Opened], members: &Members, told: &Told) -> Vec<(String, Vec<u8>)> {
    let (_, member) = members.values().next().unwrap();
    let mut publics = vec![
        (NETWORK_KEY.into(), told.network_key.to_vec()),
        (COMMITMENT.into(), member.commitment.0.to_vec()),
        (SIGNATURE.into(), told.signature.to_bytes().to_vec()),
    ];
    for store in stores {
        let public = x25519_public_key(&store.x25519);
        publics.push((x25519_label(&store.name), public.to_vec()));
    }
    publics
}

fn publics_are_found(found: &Found, stores: &[Opened]) {
    let assert_in = |label: &str, form: &'static str, begin: &str| {
        let places = found.get(&(label.to_owned(), form));
        let is_in = |place: &String| place.starts_with(begin);
        let is_found = places.is_some_and(|places| places.keys().any(is_in));
        assert!(is_found, "{label} is not in {begin} in {form}: {places:?}");
    };
    for store in stores {
        let name = &store.name;
        // In the database of its chain.
        assert_in(NETWORK_KEY, "raw", &format!("{name}/"));
        assert_in(COMMITMENT, "raw", &format!("{name}/"));
        // In the answer of its `/info`.
        let answers = format!("stream FromSigner {name}");
        assert_in(&x25519_label(name), "decimal", &answers);
    }
    assert_in(SIGNATURE, "base64", "stream FromSigner");
}

/// What was searched is the talk of talkative nodes.
fn the_logs_say_all(network: &Network, members: &Members) {
    for (name, _) in members.values() {
        let log = network.folder().join(format!("{name}.log"));
        let log = fs::read_to_string(log).unwrap();
        for said in [
            "made and stored a result",
            "offchain_signer::protocol::driver: entered round=generation of auxiliary information",
            "] entered round=signing",
        ] {
            assert!(log.contains(said), "{name} does not say {said:?}");
        }
    }
}

/// Between signers even what is public goes encrypted. Returns how much went, kB.
fn the_mesh_shows_nothing(members: &Members, sockets: &[Stream]) -> usize {
    let mut needles = Needles::default();
    let (_, material) = members.values().next().unwrap();
    for number in &material.public_numbers {
        needles.add("auxiliary information", number);
    }
    for share in &material.public_shares {
        needles.add("a public share", share);
    }
    for party in members.keys() {
        needles.add("a party id", party.as_bytes());
    }
    let mut found = Found::new();
    for stream in sockets {
        needles.find("a connection", &stream.bytes, &mut found);
    }
    assert!(found.is_empty(), "in the clear: {found:#?}");
    // All of key generation went this way: hundreds of kilobytes each.
    let bytes: usize = sockets.iter().map(|stream| stream.bytes.len()).sum();
    assert!(bytes > 500_000, "only {bytes} bytes between signers");
    bytes / 1000
}
