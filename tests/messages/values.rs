//! Texts that are not a value of their type, on the command line or in a file.

use std::fmt::Display;
use std::str::FromStr;

use kmembuild::delivery::rollout::{Amount, ScriptOption, Selector, Window};
use kmembuild::engine::EngineChoice;
use kmembuild::fleet::{RemoteProgram, SshHost};
use kmembuild::recipe::{
    Architecture, ByteSize, CommitId, ContainerPath, Cpus, GoFlags, ImageDigest, ImageName,
    InstallPath, Name, PackageLabel, PackageName, Pattern, Relation, RelativePath, TimeSpan,
    ValueName, Version, VersionRange,
};
use kmembuild::verify::GlibcVersion;

use super::Message;

/// What is said of a text that is not a `T`.
fn refused<T: FromStr<Err: Display>>(name: &str, text: &str) -> Message {
    match text.parse::<T>() {
        Ok(_) => panic!("{text:?} is a {name}"),
        Err(reason) => Message {
            room: "values",
            name: name.to_owned(),
            text: format!("{reason}\n"),
        },
    }
}

pub(super) fn messages() -> Vec<Message> {
    vec![
        refused::<Amount>("Amount", "some"),
        refused::<Architecture>("Architecture", "x86_64"),
        refused::<ImageDigest>("ImageDigest", "golang:1.13"),
        refused::<EngineChoice>("EngineChoice", "podman"),
        refused::<ByteSize>("ByteSize", "4 parrots"),
        refused::<CommitId>("CommitId", "abc"),
        refused::<ContainerPath>("ContainerPath", "go/../src"),
        refused::<Cpus>("Cpus", "many"),
        refused::<GlibcVersion>("GlibcVersion", "two"),
        refused::<GoFlags>("GoFlags", ""),
        refused::<GoFlags>("GoFlags", "-p 2"),
        refused::<GoFlags>("GoFlags", "-tags=x"),
        refused::<ImageName>("ImageName", "golang: 1"),
        refused::<InstallPath>("InstallPath", "/usr/my bin"),
        refused::<Name>("Name", "Runc"),
        refused::<PackageLabel>("PackageLabel", "1st"),
        refused::<PackageName>("PackageName", "r"),
        refused::<Pattern>("Pattern", "("),
        refused::<Pattern>("Pattern", "(a)(b)"),
        refused::<Relation>("Relation", "a | b"),
        refused::<RelativePath>("RelativePath", "../runc"),
        refused::<RemoteProgram>("RemoteProgram", "~/kmembuild"),
        refused::<ScriptOption>("ScriptOption", "--reboot"),
        refused::<Selector>("Selector", "pool old"),
        refused::<SshHost>("SshHost", "-oProxyCommand=x"),
        refused::<TimeSpan>("TimeSpan", "soon"),
        refused::<ValueName>("ValueName", "go-tags"),
        refused::<Version>("Version", ""),
        refused::<VersionRange>("VersionRange", "1.0.0"),
        refused::<VersionRange>("VersionRange", ">=1.0 <2.0"),
        refused::<VersionRange>("VersionRange", ">=1.0, <0.9"),
        refused::<Window>("Window", "night"),
        refused::<Window>("Window", "sat 22:00-04:00"),
    ]
}
