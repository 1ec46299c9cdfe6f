//! What an engine cannot do is refused before anything is done.

use kmembuild::engine::Capabilities;
use kmembuild::execute::{ExecuteError, Lacking};
use kmembuild::plan::Plan;
use serde_json::json;

use super::place::{MIRRORS, Place, SUCCESS, by_dockerfile, engine_with_make, plan};

type Change = fn(&mut Capabilities);

#[tokio::test]
async fn each_capability_is_needed_by_some_plan() {
    let open = |plan: &mut serde_json::Value| plan["build"]["network"] = json!("open");
    let cases: [(Plan, Change, Lacking); 3] = [
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
            Lacking::MemoryLimits,
        ),
    ];
    let undemanding = plan(open);
    for (plan, change, lacking) in cases {
        let mut engine = engine_with_make(SUCCESS);
        change(&mut engine.info.capabilities);
        let place = Place::new(engine);
        let error = place.build(&plan).await.unwrap_err();
        let ExecuteError::Unsupported { engine, lacks } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(engine, "Memory Engine 1");
        assert_eq!(*lacks, lacking);
        assert_eq!(place.engine.state().asked, Vec::<String>::new());
        // A plan that does not need it is carried out.
        place.build(&undemanding).await.unwrap();
        assert!(!place.engine.state().opened.is_empty());
    }
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
