//! The known holes that come with the recipes.

use std::collections::BTreeSet;

use kmembuild::library::Library;
use kmembuild::plan::KnownHoles;
use kmembuild::recipe::{Advisories, Source, Version, parse_advisories};

fn advisories(recipe: &str) -> Advisories {
    let loaded = Library::new(Vec::new()).load(recipe).expect("the recipe");
    loaded.recipe.advisories.expect("advisories")
}

fn version(text: &str) -> Version {
    text.parse().expect("a version")
}

fn known(recipe: &str, tag: &str) -> Vec<String> {
    let known = KnownHoles::of(&advisories(recipe), &version(tag));
    let holes = known.map(|known| known.holes).unwrap_or_default();
    holes.into_iter().map(|hole| hole.id).collect()
}

/// For each hole, the last version that has it and the first one without, then the first one with it.
#[test]
fn holes_of_runc_begin_and_end_with_the_releases_that_upstream_names() {
    for (id, with, without) in [
        ("CVE-2016-9962", "v1.0.0-rc2", "v1.0.0-rc3"),
        ("CVE-2019-5736", "v1.0.0-rc6", "v1.0.0-rc7"),
        ("CVE-2019-16884", "v1.0.0-rc8", "v1.0.0-rc9"),
        ("CVE-2019-19921", "v1.0.0-rc9", "v1.0.0-rc10"),
        ("GHSA-g54h-m393-cpwq", "v1.0.0-rc90", "v1.0.0-rc91"),
        ("CVE-2021-30465", "v1.0.0-rc94", "v1.0.0-rc95"),
        ("CVE-2022-29162", "v1.1.1", "v1.1.2"),
        ("CVE-2023-25809", "v1.1.4", "v1.1.5"),
        ("CVE-2023-27561", "v1.0.0-rc95", "v1.0.0-rc94"),
        ("CVE-2023-27561", "v1.1.4", "v1.1.5"),
        ("CVE-2023-28642", "v1.0.0-rc95", "v1.0.0-rc93"),
        ("CVE-2024-21626", "v1.0.0-rc93", "v1.0.0-rc92"),
        ("CVE-2024-21626", "v1.1.11", "v1.1.12"),
        ("CVE-2024-45310", "v1.1.13", "v1.1.14"),
        ("CVE-2024-45310", "v1.2.0-rc.2", "v1.2.0-rc.3"),
        ("CVE-2025-31133", "v1.0.0-rc2", "v1.2.8"),
        ("CVE-2025-31133", "v1.4.0-rc.2", "v1.4.0-rc.3"),
        ("CVE-2025-52565", "v1.0.0-rc3", "v1.0.0-rc2"),
        ("CVE-2025-52565", "v1.3.2", "v1.3.3"),
        ("CVE-2025-52881", "v1.2.7", "v1.2.8"),
        ("CVE-2026-41579", "v1.3.5", "v1.3.6"),
        ("CVE-2026-41579", "v1.4.0-rc.1", "v1.4.3"),
        ("CVE-2026-41579", "v1.5.0-rc.2", "v1.5.0-rc.3"),
    ] {
        let has = |tag: &str| known("runc", tag).iter().any(|hole| hole == id);
        assert!(has(with), "{with} has {id}");
        assert!(!has(without), "{without} does not have {id}");
    }
    // A commit after a release is that release, as far as can be known.
    assert_eq!(
        known("runc", "1.0.0-rc93+dev"),
        known("runc", "v1.0.0-rc93")
    );
    // No release could be misused: the code came later, and was mended before the next release.
    let ids: BTreeSet<_> = advisories("runc")
        .holes
        .into_iter()
        .map(|hole| hole.id)
        .collect();
    assert!(!ids.contains("CVE-2021-43784"));
    assert_eq!(known("runc", "v1.5.1"), Vec::<String>::new());
}

#[test]
fn every_runc_that_needs_this_build_lets_containers_out() {
    let loaded = Library::new(Vec::new()).load("runc").expect("the recipe");
    let Source::Git(git) = loaded.recipe.source else {
        panic!("runc's source is a git repository");
    };
    let needed = ">=1.0.0-rc2, <=1.0.0-rc93".parse::<kmembuild::recipe::VersionRange>();
    let needed = needed.expect("a range");
    let tags: Vec<_> = git.tags.keys().filter(|tag| needed.contains(tag)).collect();
    assert_eq!(tags.len(), 13);
    for tag in tags {
        let known = KnownHoles::of(&advisories("runc"), tag).expect("holes");
        assert!(
            known.summary().ends_with(", container escapes among them"),
            "{tag}"
        );
        assert!(
            known
                .line(tag.as_str())
                .contains("use upstream's newest release"),
            "{tag}"
        );
    }
}

#[test]
fn holes_of_kubelet_begin_and_end_with_the_releases_that_kubernetes_names() {
    for (id, with, without) in [
        ("CVE-2017-1002101", "v1.8.8", "v1.8.9"),
        ("CVE-2017-1002101", "v1.9.3", "v1.9.4"),
        ("CVE-2017-1002102", "v1.8.0-rc.1", "v1.10.0"),
        ("CVE-2019-11245", "v1.13.6", "v1.13.5"),
        ("CVE-2019-11245", "v1.14.2", "v1.14.3"),
        ("CVE-2019-11248", "v1.12.9", "v1.12.10"),
        ("CVE-2019-11248", "v1.14.3", "v1.14.4"),
        ("CVE-2020-8551", "v1.15.9", "v1.15.10"),
        ("CVE-2020-8551", "v1.16.6", "v1.16.7"),
        ("CVE-2020-8551", "v1.15.0", "v1.14.10"),
        ("CVE-2020-8557", "v1.16.12", "v1.16.13"),
        ("CVE-2020-8557", "v1.18.5", "v1.18.6"),
        ("CVE-2020-8558", "v1.17.6", "v1.17.7"),
        ("CVE-2021-25741", "v1.19.14", "v1.19.15"),
        ("CVE-2021-25741", "v1.21.1", "v1.20.11"),
        ("CVE-2021-25741", "v1.21.4", "v1.21.5"),
        ("CVE-2023-2431", "v1.21.1", "v1.24.14"),
        ("CVE-2024-10220", "v1.21.1", "v1.28.12"),
    ] {
        let has = |tag: &str| known("kubelet", tag).iter().any(|hole| hole == id);
        assert!(has(with), "{with} has {id}");
        assert!(!has(without), "{without} does not have {id}");
    }
    let line = |tag: &str| {
        let known = KnownHoles::of(&advisories("kubelet"), &version(tag)).expect("holes");
        known.line(tag)
    };
    assert!(
        line("v1.21.1").contains("no fixes since 2022-06-28"),
        "{}",
        line("v1.21.1")
    );
    assert!(
        !line("v1.22.0").contains("no fixes since"),
        "{}",
        line("v1.22.0")
    );
}

/// By the changelog of Debian's package, not by upstream's list.
#[test]
fn of_runc_debian_is_said_what_its_package_mended() {
    let known = KnownHoles::of(&advisories("runc-debian"), &version("v1.0.0-rc93"));
    let known = known.expect("holes");
    let left = |package: &str| {
        let left = known.in_package(package).expect("holes");
        left.holes
            .into_iter()
            .map(|hole| hole.id)
            .collect::<Vec<_>>()
    };
    let never = [
        "CVE-2024-45310",
        "CVE-2025-31133",
        "CVE-2025-52565",
        "CVE-2025-52881",
        "CVE-2026-41579",
    ];
    assert_eq!(left("1.0.0~rc93+ds1-5+deb11u5"), never);
    assert_eq!(left("1.0.0~rc93+ds1-5+deb11u10"), never);
    let security = left("1.0.0~rc93+ds1-5+deb11u3");
    assert_eq!(
        security[..3],
        ["CVE-2023-25809", "CVE-2023-27561", "CVE-2023-28642"]
    );
    assert_eq!(security[3..], never);
    assert_eq!(
        left("1.0.0~rc93+ds1-5")[..2],
        ["CVE-2022-29162", "CVE-2024-21626"]
    );
    assert_eq!(left("1.0.0~rc93+ds1-2")[0], "CVE-2021-30465");
    // Before the build the version of the package is not known, so it is part of what is said.
    let line = known.line("v1.0.0-rc93");
    assert!(line.contains("v1.0.0-rc93 has 5 known holes"), "{line}");
    assert!(
        line.contains("CVE-2024-21626 (1.0.0~rc93+ds1-5+deb11u3)"),
        "{line}"
    );
}

#[test]
fn every_hole_has_what_a_reader_needs() {
    for recipe in ["runc", "runc-debian", "kubelet"] {
        let advisories = advisories(recipe);
        let mut ids = BTreeSet::new();
        for hole in &advisories.holes {
            assert!(ids.insert(&hole.id), "{} is there twice", hole.id);
            assert!(hole.id.starts_with("CVE-") || hole.id.starts_with("GHSA-"));
            assert!(hole.source.starts_with("https://"), "{}", hole.id);
            assert!(
                !hole.summary.is_empty() && !hole.summary.contains('\n'),
                "{}",
                hole.id
            );
            assert!(!hole.versions.is_empty(), "{}", hole.id);
            let in_package = hole.mended_in_package.is_some();
            assert!(!in_package || recipe == "runc-debian", "{}", hole.id);
        }
    }
}

#[test]
fn a_file_of_another_format_is_refused() {
    let refused = |text: &str| parse_advisories("runc.yaml", text).unwrap_err().to_string();
    let other = refused("format: 2\ninstead: upgrade\nholes: []\n");
    assert!(other.contains("format 2 is not supported"), "{other}");
    let misspelt = refused("format: 1\ninstead: upgrade\nhole: []\n");
    assert!(misspelt.contains("did you mean `holes`"), "{misspelt}");
}

#[test]
fn an_exported_recipe_keeps_its_advisories_and_another_one_has_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let loaded = Library::new(Vec::new()).load("runc").expect("the recipe");
    loaded.export(folder.path()).expect("the export");
    let load = || {
        let library = Library::new(vec![folder.path().to_path_buf()]);
        library.load("runc").expect("the recipe").recipe.advisories
    };
    assert_eq!(load().expect("advisories").holes.len(), 16);
    let file = folder.path().join("advisories/runc.yaml");
    std::fs::write(&file, "format: 1\ninstead: ask us\nholes: []\n").expect("the file");
    assert_eq!(load().expect("advisories").instead, "ask us");
    std::fs::remove_file(file).expect("the file");
    assert!(load().is_none());
}
