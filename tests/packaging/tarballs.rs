//! The plain archive, unpacked by the real tar and zstd.

use kmembuild::artifacts::Manifest;
use kmembuild::delivery::packaging::PackageFormat;

use super::node::run;
use super::result::Published;

#[test]
fn it_unpacks_below_one_folder_and_its_sums_hold() {
    let published = Published::new("kubelet", "v1.15.5", "kubelet", "/bin/busybox");
    let path = published.package(PackageFormat::TarZst);
    assert!(path.ends_with("kubelet-1.15.5-linux-amd64.tar.zst"));
    let out = tempfile::tempdir().expect("a folder");
    let (archive, folder) = (path.display().to_string(), out.path().display().to_string());
    run("tar", &["--zstd", "-x", "-f", &archive, "-C", &folder]);
    let top = format!("{folder}/kubelet-1.15.5-linux-amd64");
    assert_eq!(
        run(
            "sh",
            &[
                "-c",
                &format!("cd {top} && sha256sum -c SHA256SUMS && ls ..")
            ]
        ),
        "etc/sysconfig/kubelet: OK\nusr/bin/kubelet: OK\nusr/lib/systemd/system/kubelet.service: OK\nmanifest.json: OK\nkubelet-1.15.5-linux-amd64\n"
    );
    let listed = run(
        "tar",
        &["--zstd", "-t", "-v", "--full-time", "-f", &archive],
    );
    for line in listed.lines() {
        assert!(line.contains(" root/root "), "{line}");
        assert!(line.contains(" 2019-12-23 11:20:00 "), "{line}");
    }
    assert!(listed.contains("-rwxr-xr-x root/root"));
    assert!(listed.contains("drwxr-xr-x root/root         0 2019-12-23 11:20:00 kubelet-1.15.5-linux-amd64/etc/kubernetes/manifests/\n"));
    let manifest = std::fs::read(format!("{top}/manifest.json")).expect("a manifest");
    let manifest: Manifest = serde_json::from_slice(&manifest).expect("the same form");
    assert_eq!(manifest.files[0].sha256, published.manifest.files[0].sha256);
}
