//! The section on packages.

use super::small::{SMALL, assert_refusals, workplace};

/// Where the section is put into the small recipe.
const PLACE: &str = "outputs:\n";

/// A section with one line of it, which is there once, replaced; and the line after the section.
fn section(from: &str, to: &str) -> String {
    const SECTION: &str = "\
package:
  name: tool
  summary: a tool
  description: does what it does
  license: MIT
  label: nokmem
  revision: 1000
  service: tool.service
  files:
    - {path: /usr/bin/tool, output: tool, mode: \"0750\"}
    - {path: /usr/lib/systemd/system/tool.service, text: \"[Unit]\"}
    - {path: /etc/tool, text: \"\", config: true, formats: [rpm, deb]}
    - {path: /usr/sbin/tool, link: ../bin/tool, formats: [deb]}
  directories: [/etc/tool.d]
  rpm:
    requires: [iptables >= 1.4.21]
";
    assert_eq!(SECTION.matches(from).count(), 1, "{from:?}");
    SECTION.replace(from, to) + PLACE
}

#[test]
fn a_whole_section_is_accepted() {
    let workplace = workplace();
    workplace.write("tool.yaml", &SMALL.replace(PLACE, &section("1000", "1000")));
    workplace.run(&["recipes", "check", "tool.yaml"]).code(0);
}

#[test]
fn what_does_not_make_a_package_is_named() {
    let edits = [
        ("a name with an underscore", "name: tool", "name: my_tool"),
        ("a summary of two lines", "a tool\n", "\"a\\ntool\"\n"),
        ("no licence", "license: MIT", "license: ' '"),
        ("a label with a dash", "label: nokmem", "label: no-kmem"),
        ("a revision below nothing", "revision: 1000", "revision: -1"),
        (
            "a unit that is not in it",
            "service: tool.service",
            "service: tools.service",
        ),
        (
            "a unit of another kind",
            "service: tool.service",
            "service: tool.timer",
        ),
        ("an output that is none", "output: tool,", "output: tol,"),
        (
            "a file of two kinds",
            "output: tool,",
            "output: tool, text: x,",
        ),
        ("a file of no kind", "text: \"[Unit]\"", "mode: \"0644\""),
        ("no output", "output: tool,", "text: x,"),
        ("a file twice", "path: /etc/tool,", "path: /usr/bin/tool,"),
        (
            "a path with a blank",
            "path: /etc/tool,",
            "path: /etc/my tool,",
        ),
        ("a mode that lets others write", "\"0750\"", "\"0777\""),
        ("a mode without its zero", "\"0750\"", "750"),
        (
            "a link with a mode",
            "link: ../bin/tool,",
            "link: ../bin/tool, mode: \"0755\",",
        ),
        ("a form that is none", "formats: [deb]", "formats: [apk]"),
        (
            "a relation with a sign that is none",
            "iptables >= 1.4.21",
            "iptables > 1.4.21",
        ),
    ];
    let edited: Vec<_> = edits
        .iter()
        .map(|(mistake, from, to)| (*mistake, section(from, to)))
        .collect();
    let mistakes: Vec<_> = edited
        .iter()
        .map(|(mistake, section)| (*mistake, PLACE, section.as_str()))
        .collect();
    assert_refusals("packages", &mistakes);
}
