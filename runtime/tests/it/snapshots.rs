//! What clients and the database know the runtime by, as text that is kept in the repository: a change
//! of it shows in review.
//!
//! `UPDATE_SNAPSHOTS=1 scripts/test unit` writes it anew. Whoever changes `calls.txt` in more than new
//! lines at the end of a pallet raises `transaction_version`; whoever changes `storage.txt` writes a
//! migration, or says why there is nothing to migrate; whoever changes a method in `apis.txt` raises its
//! trait's version, and thinks of nodes and clients of before; a change of `constants.txt` is one that
//! users or operators go by, and the changelog says so.

use crate::{chain::genesis, here};
use codec::Decode;
use frame_metadata::{
    v14::{RuntimeMetadataV14, StorageEntryType},
    v16::RuntimeMetadataV16,
    RuntimeMetadata, RuntimeMetadataPrefixed,
};
use frame_support::{
    storage::{storage_prefix, unhashed},
    traits::STORAGE_VERSION_STORAGE_KEY_POSTFIX,
};
use scale_info::{form::PortableForm, Field, PortableRegistry, TypeDef};
use signing_runtime::{genesis_presets::LOCAL, Runtime, VERSION};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

fn metadata() -> RuntimeMetadataV14 {
    match Runtime::metadata().1 {
        RuntimeMetadata::V14(metadata) => metadata,
        _ => panic!("metadata of another version"),
    }
}

/// The newest, which knows the versions of runtime APIs.
fn metadata_v16() -> RuntimeMetadataV16 {
    let metadata = Runtime::metadata_at_version(16).unwrap();
    match RuntimeMetadataPrefixed::decode(&mut &metadata[..])
        .unwrap()
        .1
    {
        RuntimeMetadata::V16(metadata) => metadata,
        _ => panic!("metadata of another version"),
    }
}

/// Compares with what is kept, or replaces it.
fn check(name: &str, now: &str) {
    let path = here().join("snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, now).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let different = kept
        .lines()
        .zip(now.lines())
        .position(|(kept, now)| kept != now)
        .unwrap_or_else(|| kept.lines().count().min(now.lines().count()));
    assert!(
        kept == now,
        "{} is not what the runtime is any more, from line {} on:\n- {}\n+ {}\n\
         If it is meant: UPDATE_SNAPSHOTS=1, and see the head of runtime/tests/it/snapshots.rs",
        path.display(),
        different + 1,
        kept.lines().nth(different).unwrap_or("(end)"),
        now.lines().nth(different).unwrap_or("(end)"),
    );
}

/// Types by what they are called here, and what is still to be explained of them.
struct Types<'a> {
    registry: &'a PortableRegistry,
    mentioned: BTreeSet<u32>,
}

impl<'a> Types<'a> {
    fn new(registry: &'a PortableRegistry) -> Self {
        Self {
            registry,
            mentioned: BTreeSet::new(),
        }
    }

    fn name(&mut self, id: u32) -> String {
        let registry = self.registry;
        let of = registry.resolve(id).unwrap();
        match &of.type_def {
            TypeDef::Primitive(primitive) => format!("{primitive:?}").to_lowercase(),
            TypeDef::Sequence(list) => format!("[{}]", self.name(list.type_param.id)),
            TypeDef::Array(array) => format!("[{}; {}]", self.name(array.type_param.id), array.len),
            TypeDef::Compact(compact) => format!("compact {}", self.name(compact.type_param.id)),
            TypeDef::Tuple(parts) => {
                let parts: Vec<_> = parts.fields.iter().map(|part| self.name(part.id)).collect();
                format!("({})", parts.join(", "))
            }
            TypeDef::BitSequence(_) => "bits".into(),
            TypeDef::Composite(_) | TypeDef::Variant(_) => {
                self.mentioned.insert(id);
                let parameters: Vec<_> = of
                    .type_params
                    .iter()
                    .filter_map(|parameter| parameter.ty)
                    // The runtime itself, and the like.
                    .filter(|parameter| !is_empty(registry, parameter.id))
                    .map(|parameter| self.name(parameter.id))
                    .collect();
                let path = of.path.segments.join("::");
                match parameters.is_empty() {
                    true => path,
                    false => format!("{path}<{}>", parameters.join(", ")),
                }
            }
        }
    }

    fn fields(&mut self, fields: &[Field<PortableForm>]) -> String {
        let fields: Vec<_> = fields
            .iter()
            .map(|field| {
                let of = self.name(field.ty.id);
                match &field.name {
                    Some(name) => format!("{name}: {of}"),
                    None => of,
                }
            })
            .collect();
        fields.join(", ")
    }

    /// The variants of an enumeration, a line each.
    fn variants(&mut self, id: u32, indent: &str, to: &mut String) {
        let TypeDef::Variant(variants) = &self.registry.resolve(id).unwrap().type_def else {
            panic!("not an enumeration");
        };
        let mut variants: Vec<_> = variants.variants.iter().collect();
        variants.sort_by_key(|variant| variant.index);
        for variant in variants {
            let (index, name) = (variant.index, &variant.name);
            let fields = self.fields(&variant.fields);
            writeln!(to, "{indent}{index} {name}({fields})").unwrap();
        }
    }

    /// What all that was mentioned is made of, by name. Not the enumerations of all calls, events and
    /// errors: they are in `calls.txt`.
    fn explain(mut self, to: &mut String) {
        let mut explained = BTreeMap::new();
        while let Some(id) = self.mentioned.pop_first() {
            let name = self.name(id);
            self.mentioned.remove(&id);
            if explained.contains_key(&name) || is_of_all(&name) {
                continue;
            }
            let mut text = String::new();
            match &self.registry.resolve(id).unwrap().type_def {
                TypeDef::Composite(composite) => {
                    let fields = self.fields(&composite.fields);
                    writeln!(text, "  {{{fields}}}").unwrap();
                }
                _ => self.variants(id, "  ", &mut text),
            }
            explained.insert(name, text);
        }
        for (name, text) in explained {
            writeln!(to, "{name}\n{}", text.trim_end()).unwrap();
        }
    }
}

fn is_empty(registry: &PortableRegistry, id: u32) -> bool {
    matches!(&registry.resolve(id).unwrap().type_def, TypeDef::Tuple(parts) if parts.fields.is_empty())
}

fn is_of_all(name: &str) -> bool {
    ["signing_runtime::Runtime", "signing_runtime::Origin"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
        || ["::pallet::Call", "::pallet::Event", "::pallet::Error"]
            .iter()
            .any(|part| name.contains(part))
}

/// The version that a pallet's code gives its storage: 0 if it gives none. Not in the metadata, but
/// written down at genesis.
fn storage_version(pallet: &str) -> u16 {
    let key = storage_prefix(pallet.as_bytes(), STORAGE_VERSION_STORAGE_KEY_POSTFIX);
    unhashed::get(&key).unwrap()
}

#[test]
fn what_is_stored_and_how() {
    let mut state = genesis(LOCAL);
    let metadata = metadata();
    let mut types = Types::new(&metadata.types);
    let mut text = String::from("# Storage: what a change of needs a migration\n");
    for pallet in &metadata.pallets {
        let Some(storage) = &pallet.storage else {
            continue;
        };
        let version = state.execute_with(|| storage_version(&pallet.name));
        writeln!(text, "\n{} version {version}", storage.prefix).unwrap();
        for entry in &storage.entries {
            let (key, value) = match &entry.ty {
                StorageEntryType::Plain(value) => (String::new(), value),
                StorageEntryType::Map {
                    hashers,
                    key,
                    value,
                } => (format!("{hashers:?} {} => ", types.name(key.id)), value),
            };
            let value = types.name(value.id);
            let modifier = &entry.modifier;
            writeln!(text, "  {} {modifier:?} {key}{value}", entry.name).unwrap();
        }
    }
    text.push_str("\n# Types\n\n");
    types.explain(&mut text);
    check("storage.txt", &text);
}

#[test]
fn what_can_be_called_and_what_is_told() {
    let metadata = metadata();
    let mut types = Types::new(&metadata.types);
    let mut text = format!(
        "# Transactions: version {}\n\n",
        VERSION.transaction_version
    );
    for extension in &metadata.extrinsic.signed_extensions {
        let explicit = types.name(extension.ty.id);
        let implicit = types.name(extension.additional_signed.id);
        writeln!(text, "{}: {explicit} / {implicit}", extension.identifier).unwrap();
    }
    for pallet in &metadata.pallets {
        writeln!(text, "\n{} {}", pallet.index, pallet.name).unwrap();
        let parts = [
            ("calls", pallet.calls.as_ref().map(|calls| calls.ty.id)),
            ("events", pallet.event.as_ref().map(|event| event.ty.id)),
            ("errors", pallet.error.as_ref().map(|error| error.ty.id)),
        ];
        for (what, id) in parts {
            if let Some(id) = id {
                writeln!(text, "  {what}").unwrap();
                types.variants(id, "    ", &mut text);
            }
        }
    }
    text.push_str("\n# Types\n\n");
    types.explain(&mut text);
    check("calls.txt", &text);
}

/// Runtime APIs of special builds; `System.Version` has them as well.
const NOT_IN_USE: [&str; 2] = ["Benchmark", "TryRuntime"];

#[test]
fn what_nodes_ask_the_runtime() {
    let metadata = metadata_v16();
    let mut types = Types::new(&metadata.types);
    let mut text = String::from("# Runtime APIs, with their versions\n");
    for api in &metadata.apis {
        if NOT_IN_USE.contains(&api.name.as_str()) {
            continue;
        }
        writeln!(text, "\n{} {}", api.name, api.version.0).unwrap();
        for method in &api.methods {
            let inputs: Vec<_> = method
                .inputs
                .iter()
                .map(|input| format!("{}: {}", input.name, types.name(input.ty.id)))
                .collect();
            let output = types.name(method.output.id);
            writeln!(text, "  {}({}) -> {output}", method.name, inputs.join(", ")).unwrap();
        }
    }
    text.push_str("\n# Types\n\n");
    types.explain(&mut text);
    check("apis.txt", &text);
}

#[test]
fn what_is_constant() {
    let metadata = metadata();
    let mut types = Types::new(&metadata.types);
    let mut text = String::from("# Constants, SCALE in hexadecimal\n");
    for pallet in metadata
        .pallets
        .iter()
        .filter(|one| !one.constants.is_empty())
    {
        writeln!(text, "\n{}", pallet.name).unwrap();
        for constant in &pallet.constants {
            if (pallet.name.as_str(), constant.name.as_str()) == ("System", "Version") {
                continue;
            }
            let value: String = constant
                .value
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect();
            let of = types.name(constant.ty.id);
            writeln!(text, "  {}: {of} = {value}", constant.name).unwrap();
        }
    }
    check("constants.txt", &text);
}
