#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
use super::*;
use signing_runtime::SessionKeys;
use sp_core::{ed25519, sr25519, Pair};

/// A validator whose keys come from its name.
fn validator(name: &str) -> ValidatorFile {
    let key = |purpose: &str| {
        let uri = format!("//{name}//{purpose}");
        sr25519::Pair::from_string(&uri, None).unwrap().public()
    };
    let grandpa = ed25519::Pair::from_string(&format!("//{name}"), None).unwrap();
    ValidatorFile {
        name: name.into(),
        stash: key("stash").into(),
        session_keys: SessionKeys {
            grandpa: grandpa.public().into(),
            babe: key("babe").into(),
            authority_discovery: key("audi").into(),
            signing: key("sign").into(),
        },
        bootnode: None,
    }
}

fn five() -> Vec<ValidatorFile> {
    ["alpha", "beta", "gamma", "delta", "epsilon"]
        .map(validator)
        .into()
}

fn settings(validators: &[ValidatorFile], more: Value) -> Settings {
    let balances: BTreeMap<_, _> = validators.iter().map(|one| (&one.stash, 1_001)).collect();
    let mut settings = json!({
        "name": "Example", "id": "example", "root": null, "stake": 1_000, "balances": balances,
    });
    json_merge(&mut settings, more);
    // As from a file: a patch with null would have taken root out.
    settings
        .as_object_mut()
        .unwrap()
        .entry("root")
        .or_insert(Value::Null);
    serde_json::from_value(settings).unwrap()
}

fn refused(validators: &[ValidatorFile], more: Value) -> SpecError {
    let SpecErrors(mut errors) = genesis(&settings(validators, more), validators).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    errors.remove(0)
}

#[test]
fn nothing_of_the_development_keys_is_left() {
    let validators = five();
    let genesis = genesis(&settings(&validators, json!({})), &validators).unwrap();
    let text = genesis.to_string();
    for key in sp_keyring_accounts() {
        assert!(!text.contains(&key), "{key}");
    }
    assert_eq!(genesis["sudo"], json!({ "key": null }));
    assert_eq!(genesis["staking"]["validatorCount"], 5);
    assert_eq!(genesis["session"]["keys"].as_array().unwrap().len(), 5);
    assert_eq!(
        genesis["staking"]["stakers"][0][2],
        json!(1_000 * 1_000_000_000_000_u64)
    );
}

/// The accounts of the preset, which everybody has the keys of.
fn sp_keyring_accounts() -> Vec<String> {
    let preset = genesis_presets::get_preset(&genesis_presets::LOCAL.into()).unwrap();
    let preset: Value = serde_json::from_slice(&preset).unwrap();
    let balances = preset["balances"]["balances"].as_array().unwrap();
    assert!(balances.len() > 5);
    balances
        .iter()
        .map(|one| one[0].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_patch_changes_parameters() {
    let validators = five();
    let patch = json!({ "patch": { "signing": { "parameters": { "committeeSize": 4 } } } });
    let genesis = genesis(&settings(&validators, patch), &validators).unwrap();
    let parameters = &genesis["signing"]["parameters"];
    assert_eq!(
        (&parameters["committeeSize"], &parameters["threshold"]),
        (&json!(4), &json!(2))
    );
}

#[test]
fn what_is_said_twice_is_refused() {
    for part in NOT_IN_PATCH {
        let error = refused(&five(), json!({ "patch": { part: {} } }));
        assert!(
            matches!(error, SpecError::Patch(found) if found == part),
            "{error}"
        );
    }
    let error = serde_json::from_value::<Settings>(json!({
        "name": "", "id": "", "stake": 1, "balances": {},
    }))
    .unwrap_err();
    assert!(error.to_string().contains("root"), "{error}");
}

#[test]
fn no_validator_takes_anothers_place() {
    let with = |change: &dyn Fn(&mut ValidatorFile)| {
        let mut validators = five();
        change(&mut validators[1]);
        validators
    };
    let other = validator("alpha");
    let stash = with(&|one| one.stash = other.stash.clone());
    let key = with(&|one| one.session_keys.signing = other.session_keys.signing.clone());
    let name = with(&|one| one.name = "alpha".into());
    for (validators, what) in [(stash, "stash"), (key, "session key"), (name, "name")] {
        let error = refused(&validators, json!({}));
        assert!(
            matches!(error, SpecError::Shared { what: found, .. } if found == what),
            "{error}"
        );
    }
    let once = with(&|one| {
        let babe: sr25519::Public = one.session_keys.babe.clone().into();
        one.session_keys.signing = babe.into();
    });
    let error = refused(&once, json!({}));
    assert!(matches!(error, SpecError::KeyTwice(_)), "{error}");
}

#[test]
fn a_network_that_could_not_work_is_refused() {
    let poor = five()[0].stash.clone();
    let error = refused(&five(), json!({ "balances": { poor.to_string(): 1_000 } }));
    assert!(
        matches!(&error, SpecError::Poor { stash, .. } if *stash == poor),
        "{error}"
    );
    let error = refused(&five()[..3], json!({}));
    assert!(
        matches!(
            error,
            SpecError::TooFew {
                validators: 3,
                members: 3
            }
        ),
        "{error}"
    );
    let rich = five()[0].stash.clone();
    let error = refused(
        &five(),
        json!({ "balances": { rich.to_string(): max_coins() + 1 } }),
    );
    assert!(matches!(error, SpecError::TooRich(_)), "{error}");
    for id in ["", "local", "Example", "a b", &"a".repeat(33)] {
        let error = refused(&five(), json!({ "id": id }));
        assert!(matches!(error, SpecError::Id(_)), "{error}");
    }
}

/// With words of its own, not those of a runtime that panics.
#[test]
fn parameters_that_could_not_work_are_refused() {
    for (parameters, word) in [
        (json!({ "threshold": 9 }), "committeeSize must not be less"),
        (json!({ "threshold": 1 }), "threshold must be at least 2"),
        (json!({ "fuel": 0 }), "fuel must not be 0"),
        (json!({ "fule": 1 }), "fule"),
        (json!({ "fuel": -1 }), "invalid"),
    ] {
        let patch = json!({ "patch": { "signing": { "parameters": parameters } } });
        let error = refused(&five(), patch);
        assert!(
            matches!(&error, SpecError::Parameters(reason) if reason.contains(word)),
            "{error}"
        );
    }
}

#[test]
fn a_patch_of_another_form_is_refused_in_few_words() {
    for patch in [
        json!({ "nosuch": {} }),
        json!({ "staking": { "validatorCount": "many" } }),
        json!({ "staking": { "validatorsCount": 4 } }),
    ] {
        let error = refused(&five(), json!({ "patch": patch }));
        assert!(matches!(error, SpecError::Form(_)), "{error}");
        assert!(error.to_string().len() < 800, "{error}");
    }
}

#[test]
fn a_file_that_is_given_twice_is_told_once() {
    let mut validators = five();
    validators.push(validator("alpha"));
    let error = refused(&validators, json!({}));
    assert!(matches!(error, SpecError::Twice(_)), "{error}");
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mut validators = five();
    validators[1].name = "alpha".into();
    let nobody = AccountId::new([9; 32]);
    let more = json!({ "name": " ", "id": "No", "stake": 1_001, "balances": { nobody.to_string(): 0 }, "patch": {
        "sudo": {}, "signing": { "parameters": { "threshold": 9 } },
    } });
    let errors = genesis(&settings(&validators, more), &validators).unwrap_err();
    let told = errors.to_string();
    for word in [
        "`No`",
        "name:",
        "0 coins",
        "patch.sudo",
        "same name",
        "above the stake",
        "committeeSize",
    ] {
        assert!(told.contains(word), "{word}: {told}");
    }
    // Files, too.
    let command = ChainSpecCmd {
        settings: "/no/settings".into(),
        output: "/no/output".into(),
        validators: vec!["/no/alpha".into(), "/no/beta".into()],
    };
    let told = command.run().unwrap_err().to_string();
    for word in ["/no/settings", "/no/alpha", "/no/beta"] {
        assert!(told.contains(word), "{word}: {told}");
    }
}

#[test]
fn the_order_of_the_files_does_not_matter_and_the_runtime_has_its_say() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for one in five() {
        fs::write(
            path(&one.name),
            serde_json::to_string(&one).unwrap().as_bytes(),
        )
        .unwrap();
    }
    let balances: BTreeMap<_, _> = five().into_iter().map(|one| (one.stash, 1_001)).collect();
    let made = |order: [&str; 5], output: &str, patch: Value| {
        let settings = json!({
            "name": "Example", "id": "example", "root": null, "stake": 1_000,
            "balances": balances, "patch": patch,
        });
        fs::write(path("settings"), settings.to_string()).unwrap();
        let command = ChainSpecCmd {
            settings: path("settings"),
            output: path(output),
            validators: order.iter().map(|name| path(name)).collect(),
        };
        command.run()?;
        Ok::<_, SpecErrors>(fs::read(path(output)).unwrap())
    };
    let order = ["alpha", "beta", "gamma", "delta", "epsilon"];
    let reverse = ["epsilon", "delta", "gamma", "beta", "alpha"];
    let first = made(order, "first.json", json!({})).unwrap();
    assert_eq!(first, made(reverse, "second.json", json!({})).unwrap());
    chain_spec::load(path("first.json").to_str().unwrap()).unwrap();
    let told: Value = serde_json::from_slice(&first).unwrap();
    assert_eq!(told["chainType"], "Live");

    // Of the right form; but the session's keys are BABE's authorities.
    let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
    let nonsense = json!({ "babe": { "authorities": [[alice, 1]] } });
    let SpecErrors(errors) = made(order, "third.json", nonsense).unwrap_err();
    assert!(matches!(errors[..], [SpecError::Refused(_)]), "{errors:?}");
    assert!(!path("third.json").exists());
}
