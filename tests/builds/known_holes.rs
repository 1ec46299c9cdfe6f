//! Known holes of results that are not built again.

use crate::support::build_place::BuildPlace;
use crate::support::debian_image::debian_image;

#[test]
fn a_hole_that_became_known_since_is_told_of_a_result_out_of_the_cache() {
    debian_image();
    let build = BuildPlace::steps("holes", "cp /bin/true out", "out");
    let write = |ids: &[&str]| {
        let holes = ids.iter().map(|id| {
            format!("  - {{id: {id}, versions: ['<1.0.0'], summary: a hole, source: 'https://advisories.example'}}\n")
        });
        let text = format!(
            "format: 1\ninstead: use the newest release\nholes:\n{}",
            holes.collect::<String>()
        );
        let file = format!("recipes/advisories/{}.yaml", build.recipe);
        build.place.write(&file, &text);
    };
    let known = || build.manifest("v1.0.0-rc10")["known-holes"]["holes"].clone();
    write(&["CVE-2000-0001"]);
    build
        .build("v1.0.0-rc10", &[])
        .code(0)
        .prints("v1.0.0-rc10 has a known hole: CVE-2000-0001; use the newest release\n");
    build.build("v1.0.0-rc10", &[]).code(0).says("up to date");
    assert_eq!(known().as_array().map(Vec::len), Some(1));
    write(&["CVE-2000-0001", "CVE-2000-0002"]);
    build
        .build("v1.0.0-rc10", &[])
        .code(0)
        .says("taken from the cache")
        .prints(
            "v1.0.0-rc10 has 2 known holes: CVE-2000-0001, CVE-2000-0002; use the newest release\n",
        );
    assert_eq!(known().as_array().map(Vec::len), Some(2));
    build.build("v1.0.0-rc10", &[]).code(0).says("up to date");
}
