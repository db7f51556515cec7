//! Which crate may use which, as the table in ARCHITECTURE.md says. What it does not list is
//! forbidden.

use std::collections::BTreeMap;
use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand};

use crate::finding::Finding;
use crate::markdown::{quoted, table_under};

/// The document that holds the table.
pub const DOCUMENT: &str = "docs/ARCHITECTURE.md";
/// The heading above the table. Its columns are: place, may use inside, may use outside, the rest.
pub const HEADING: &str = "Layers";

/// What one crate uses.
#[derive(Clone, Debug, Default)]
pub struct Crate {
    /// Its folder from the root, such as `crates/core`.
    pub place: String,
    /// Folders of the workspace's crates that it builds with.
    pub inside: Vec<String>,
    /// Names of other crates that it builds with.
    pub outside: Vec<String>,
    /// Folders of the workspace's crates that only its tests use.
    pub in_tests: Vec<String>,
}

/// The crates of the workspace, from `cargo metadata`.
///
/// # Panics
/// When Cargo cannot read the workspace.
#[must_use]
pub fn crates_of(root: &Path) -> Vec<Crate> {
    let metadata = MetadataCommand::new()
        .current_dir(root)
        .no_deps()
        .exec()
        .expect("`cargo metadata` reads the workspace that is being compiled");
    let base = metadata.workspace_root.clone();
    let place = |folder: &Path| {
        let folder = folder
            .strip_prefix(&base)
            .expect("members stand below the root");
        folder.to_string_lossy().replace('\\', "/")
    };
    let crate_of = |package: cargo_metadata::Package| {
        let folder = package
            .manifest_path
            .parent()
            .expect("a manifest stands in a folder");
        let mut found = Crate {
            place: place(folder.as_std_path()),
            ..Crate::default()
        };
        for dependency in package.dependencies {
            let is_test = dependency.kind == DependencyKind::Development;
            match dependency.path {
                Some(path) if is_test => found.in_tests.push(place(path.as_std_path())),
                Some(path) => found.inside.push(place(path.as_std_path())),
                None if is_test => {}
                None => found.outside.push(dependency.name),
            }
        }
        found
    };
    metadata.packages.into_iter().map(crate_of).collect()
}

/// Finds edges that the table does not list, crates that it lacks, and rows without a crate.
#[must_use]
pub fn check(document: &str, crates: &[Crate]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut rows = BTreeMap::new();
    for row in table_under(document, HEADING) {
        let place = row
            .cells
            .first()
            .and_then(|cell| quoted(cell).next())
            .unwrap_or_default();
        if !crates.iter().any(|member| member.place == place) {
            let message = format!("`{place}` is not a crate of the workspace");
            found.push(Finding::new(DOCUMENT, row.number, message));
        }
        rows.insert(place.to_owned(), row);
    }
    for member in crates {
        let place = &member.place;
        let Some(row) = rows.get(place) else {
            let message = format!("`{place}` is not in the table under `{HEADING}`");
            found.push(Finding::new(DOCUMENT, 0, message));
            continue;
        };
        let inside = Allowed::from_cell(row.cells.get(1).copied());
        let outside = Allowed::from_cell(row.cells.get(2).copied());
        let forbidden = member
            .inside
            .iter()
            .filter(|used| !inside.allows(last_part(used)));
        let forbidden = forbidden.chain(member.outside.iter().filter(|used| !outside.allows(used)));
        found.extend(forbidden.map(|used| {
            let message = format!("`{place}` uses `{used}`, which its row does not list");
            Finding::new(DOCUMENT, row.number, message)
        }));
        found.extend(workshop_edges(member));
    }
    found
}

/// What only makes or tests the shipped crates is never a dependency of one, not even in tests.
fn workshop_edges(member: &Crate) -> impl Iterator<Item = Finding> {
    let is_workshop = |place: &str| place.starts_with("testing/") || place == "codegen";
    let used = member.inside.iter().chain(&member.in_tests);
    used.filter(move |used| !is_workshop(&member.place) && is_workshop(used))
        .map(|used| {
            let message = format!("a shipped crate depends on `{used}`");
            Finding::new(&format!("{}/Cargo.toml", member.place), 0, message)
        })
}

fn last_part(place: &str) -> &str {
    place.rsplit('/').next().unwrap_or(place)
}

/// One cell of the table: `any`, or names between backticks.
enum Allowed<'a> {
    Any,
    Only(Vec<&'a str>),
}

impl<'a> Allowed<'a> {
    fn from_cell(cell: Option<&'a str>) -> Self {
        match cell {
            Some("any") => Self::Any,
            Some(cell) => Self::Only(quoted(cell).collect()),
            None => Self::Only(Vec::new()),
        }
    }

    fn allows(&self, name: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => names.contains(&name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOC: &str = "# A\n\n## Layers\n\n| place | inside | outside | holds |\n|-|-|-|-|\n\
        | `crates/types` | – | – | a |\n\
        | `crates/core` | `types` | `capnp`, `slab` | b |\n\
        | `testing/tidy` | any | any | c |\n";

    fn member(place: &str, inside: &[&str], outside: &[&str]) -> Crate {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        let (inside, outside) = (owned(inside), owned(outside));
        Crate {
            place: place.to_owned(),
            inside,
            outside,
            in_tests: Vec::new(),
        }
    }

    fn workspace() -> Vec<Crate> {
        vec![
            member("crates/types", &[], &[]),
            member("crates/core", &["crates/types"], &["capnp"]),
            member("testing/tidy", &["crates/core"], &["anything"]),
        ]
    }

    #[test]
    fn listed_edges_are_allowed() {
        assert_eq!(check(DOC, &workspace()), []);
    }

    #[test]
    fn edge_that_is_not_listed_is_refused() {
        let mut crates = workspace();
        crates[0] = member("crates/types", &["crates/core"], &[]);
        assert_eq!(check(DOC, &crates)[0].line, 7);
        crates[0] = member("crates/types", &[], &["capnp"]);
        assert!(
            check(DOC, &crates)[0]
                .message
                .contains("`crates/types` uses `capnp`")
        );
    }

    #[test]
    fn crate_and_table_must_agree_on_who_exists() {
        let mut crates = workspace();
        crates.push(member("crates/extra", &[], &[]));
        assert!(
            check(DOC, &crates)[0]
                .message
                .contains("`crates/extra` is not in the table")
        );
        assert_eq!(check(DOC, &workspace()[1..])[0].line, 7);
        assert_eq!(check("# A\n", &workspace()).len(), 3);
    }

    #[test]
    fn shipped_crate_never_depends_on_the_workshop() {
        let mut crates = workspace();
        crates[1].in_tests = vec!["testing/tidy".to_owned()];
        let found = check(DOC, &crates);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].file, "crates/core/Cargo.toml");
    }
}
