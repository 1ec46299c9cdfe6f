//! What an engine cannot do is refused before anything is done.

use kmembuild::artifacts::NotEnforced;
use kmembuild::engine::Capabilities;
use kmembuild::execute::{ExecuteError, Lacking};
use kmembuild::plan::Plan;
use serde_json::json;

use super::place::{MIRRORS, Place, SUCCESS, by_dockerfile, engine_with_make, plan};

type Change = fn(&mut Capabilities);

#[tokio::test]
async fn each_capability_is_needed_by_some_plan() {
    let open = |plan: &mut serde_json::Value| plan["build"]["network"] = json!("open");
    let cases: [(Plan, Change, Lacking); 6] = [
        (
            plan(|plan| plan["image"] = by_dockerfile()),
            |can| can.builds_dockerfile = false,
            Lacking::Dockerfiles,
        ),
        (
            plan(|_| ()),
            |can| can.cuts_network = false,
            Lacking::NetworkCut,
        ),
        (
            plan(|plan| plan["build"]["limits"]["memory"] = json!(1 << 30)),
            |can| can.limits_memory = false,
            Lacking::Limits,
        ),
        (
            plan(|plan| plan["build"]["limits"]["nano-cpus"] = json!(1_000_000_000)),
            |can| can.limits_processors = false,
            Lacking::Limits,
        ),
        (plan(|_| ()), |can| can.gets_images = false, Lacking::Images),
        (
            plan(|plan| plan["image"] = json!({"container": {"identity": null}})),
            |_| (),
            Lacking::Container,
        ),
    ];
    let undemanding = plan(open);
    for (plan, change, lacking) in cases {
        let mut engine = engine_with_make(SUCCESS);
        change(&mut engine.info.capabilities);
        let mut place = Place::new(engine);
        place.require_no_network = true;
        place.require_limits = true;
        let error = place.build(&plan).await.unwrap_err();
        let ExecuteError::Unsupported { engine, lacks } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(engine, "Memory Engine 1");
        assert_eq!(*lacks, lacking);
        assert_eq!(place.engine.state().asked, Vec::<String>::new());
        // A plan that does not need it is carried out.
        if lacking != Lacking::Images {
            place.build(&undemanding).await.unwrap();
            assert!(!place.engine.state().opened.is_empty());
        }
    }
}

#[tokio::test]
async fn a_network_that_is_not_cut_is_recorded_where_nobody_refuses_it() {
    let mut engine = engine_with_make(SUCCESS);
    engine.info.capabilities.cuts_network = false;
    let place = Place::new(engine);
    let built = place.build(&plan(|_| ())).await.unwrap();
    assert_eq!(built.not_enforced, [NotEnforced::Network]);
    let warnings = place.warnings();
    assert!(
        warnings[0].contains("the steps can reach the network"),
        "{warnings:?}"
    );
    // Where the recipe wants none to be cut, there is nothing to say.
    let open = plan(|plan| plan["build"]["network"] = json!("open"));
    let built = place.build(&open).await.unwrap();
    assert_eq!(built.not_enforced, []);
    assert_eq!(place.warnings().len(), 1);
}

#[tokio::test]
async fn limits_that_are_not_kept_are_recorded_where_nobody_refuses_it() {
    let mut engine = engine_with_make(SUCCESS);
    engine.info.capabilities.limits_memory = false;
    let place = Place::new(engine);
    let limited = plan(|plan| plan["build"]["limits"]["memory"] = json!(1 << 30));
    let built = place.build(&limited).await.unwrap();
    assert_eq!(built.not_enforced, [NotEnforced::Limits]);
    let warnings = place.warnings();
    assert!(
        warnings[0].contains("nothing keeps the steps within the limits"),
        "{warnings:?}"
    );
    let built = place.build(&plan(|_| ())).await.unwrap();
    assert_eq!(built.not_enforced, []);
}

#[tokio::test]
async fn an_engine_without_a_socket_does_not_run_upstreams_script() {
    let place = Place::new(engine_with_make(SUCCESS));
    let plan = plan(|plan| {
        let client = json!({"name": MIRRORS[0], "candidates": [MIRRORS[0]]});
        plan["build"]["script"] = json!({
            "image-name": "upstream:1", "client": client, "client-path": "/docker",
            "client-below": 27, "containers": [], "images": [],
        });
    });
    let error = place.build(&plan).await.unwrap_err();
    assert!(
        matches!(&error, ExecuteError::NoScript { engine, .. } if engine == "memory:"),
        "{error:?}"
    );
    assert_eq!(place.engine.state().asked, Vec::<String>::new());
}
