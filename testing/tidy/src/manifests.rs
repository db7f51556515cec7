//! Versions stand in one place: members take every dependency from the workspace.

use crate::finding::Finding;

/// Finds dependencies of a member that do not come from the workspace's list.
#[must_use]
pub fn check(file: &str, text: &str) -> Vec<Finding> {
    let mut in_dependencies = false;
    let mut found = Vec::new();
    for (line, content) in (1..).zip(text.lines().map(str::trim)) {
        if let Some(section) = content.strip_prefix('[') {
            in_dependencies = section.trim_end_matches(']').ends_with("dependencies");
            if section.contains("dependencies.") {
                let message = "write the dependency on one line, with `workspace = true`";
                found.push(Finding::new(file, line, message));
            }
            continue;
        }
        let names_one = in_dependencies && content.contains('=') && !content.starts_with('#');
        let spaceless: String = content.split_whitespace().collect();
        if names_one && !spaceless.contains("workspace=true") {
            let message = "take it from the root's [workspace.dependencies]: `workspace = true`";
            found.push(Finding::new(file, line, message));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_of_its_own_is_refused() {
        for line in [
            "mio = \"1\"",
            "mio = { version = \"1\" }",
            "a = { path = \"../a\" }",
        ] {
            for section in [
                "dependencies",
                "dev-dependencies",
                "target.'cfg(unix)'.dependencies",
            ] {
                let text = format!("[package]\nname = \"a\"\n\n[{section}]\n{line}\n");
                assert_eq!(
                    check("a/Cargo.toml", &text).len(),
                    1,
                    "of {line:?} in {section}"
                );
            }
        }
        assert_eq!(
            check("a/Cargo.toml", "[dependencies.mio]\nworkspace = true\n").len(),
            1
        );
    }

    #[test]
    fn version_of_the_workspace_is_accepted() {
        let text = "[package]\nname = \"a\"\n[dependencies]\n# Why.\nmio.workspace = true\n\
            tokio = { workspace = true, optional = true }\n[features]\ntokio = [\"dep:tokio\"]\n";
        assert_eq!(check("a/Cargo.toml", text), []);
    }
}
