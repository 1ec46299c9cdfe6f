//! What an engine cannot do is refused before anything is done.

use kmembuild::execute::ExecuteError;
use serde_json::json;

use super::place::{MIRRORS, Place, SUCCESS, engine_with_make, plan};

#[tokio::test]
async fn an_engine_that_is_not_docker_does_not_run_upstreams_script() {
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
