//! The scripts in the packages, read by shells that are strict about them.

use std::fs;

use kmembuild::delivery::packaging::PackageFormat;

use super::node::run;
use super::result::Published;

#[test]
fn scripts_are_posix_and_without_the_usual_mistakes() {
    for (recipe, output) in [("runc", "runc"), ("kubelet", "kubelet")] {
        let published = Published::new(recipe, "v1.0.0-rc10", output, "/bin/busybox");
        let folder = published.path().join("scripts");
        let deb = published.package(PackageFormat::Deb).display().to_string();
        run("dpkg-deb", &["-e", &deb, &folder.display().to_string()]);
        let rpm = published.package(PackageFormat::Rpm).display().to_string();
        let mut scripts = Vec::new();
        for tag in ["PREIN", "POSTIN", "POSTUN"] {
            let text = run("rpm", &["-qp", "--qf", &format!("%{{{tag}}}"), &rpm]);
            if text != "(none)" {
                let path = folder.join(tag);
                fs::write(&path, format!("#!/bin/sh\n{text}")).expect("written");
                scripts.push(path);
            }
        }
        for name in ["preinst", "postinst", "postrm"] {
            scripts.extend(Some(folder.join(name)).filter(|path| path.exists()));
        }
        // A deb with a service has the one after installing as well.
        assert_eq!(scripts.len(), if recipe == "kubelet" { 6 } else { 5 });
        for script in scripts {
            let script = script.display().to_string();
            run("dash", &["-n", &script]);
            // Not every script calls every function that is in all of them.
            run(
                "shellcheck",
                &["--shell", "sh", "--exclude", "SC2317,SC2329", &script],
            );
        }
    }
}
