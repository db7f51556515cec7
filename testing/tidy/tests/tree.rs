//! Runs every check over the whole tree.

use zeekwire_tidy::tree::Tree;
use zeekwire_tidy::{
    Finding, arrows, documents, file_head, file_length, function_length, layering, line_width,
    machine_paths, manifests, printing, sans_io, schema_homes, unsafe_homes, words,
};

/// Fails with one line per finding.
fn assert_clean(found: impl IntoIterator<Item = Finding>) {
    let lines: Vec<_> = found
        .into_iter()
        .map(|finding| finding.to_string())
        .collect();
    assert!(
        lines.is_empty(),
        "{} to mend:\n{}",
        lines.len(),
        lines.join("\n")
    );
}

/// Runs a check over every Rust file that people write.
fn rust(check: fn(&str, &str) -> Vec<Finding>) {
    let tree = Tree::of_project();
    assert!(tree.rust().count() > 10, "the tree has lost its sources");
    assert_clean(tree.rust().flat_map(|(file, text)| check(file, &text)));
}

/// Runs a check over every text file.
fn texts(check: fn(&str, &str) -> Vec<Finding>) {
    assert_clean(
        Tree::of_project()
            .texts()
            .flat_map(|(file, text)| check(file, &text)),
    );
}

/// Runs a check over every document.
fn every_document(check: impl Fn(&Tree, &str, &str) -> Vec<Finding>) {
    let tree = Tree::of_project();
    assert!(
        tree.documents().count() > 2,
        "the tree has lost its documents"
    );
    assert_clean(
        tree.documents()
            .flat_map(|(file, text)| check(&tree, file, &text)),
    );
}

/// The words of ARCHITECTURE.md.
fn architecture(tree: &Tree) -> String {
    tree.text(layering::DOCUMENT)
        .expect("ARCHITECTURE.md exists")
}

#[test]
fn crates_use_what_the_layers_allow() {
    let tree = Tree::of_project();
    assert_clean(layering::check(
        &architecture(&tree),
        &layering::crates_of(tree.root()),
    ));
}

#[test]
fn arrows_lead_to_functions_that_exist() {
    let tree = Tree::of_project();
    assert_clean(arrows::check(&architecture(&tree), |file| tree.text(file)));
}

#[test]
fn manifests_take_versions_from_the_workspace() {
    let tree = Tree::of_project();
    let members = tree
        .texts()
        .filter(|(file, _)| file.ends_with("/Cargo.toml") && !file.starts_with("testing/fuzz/"));
    assert_clean(members.flat_map(|(file, text)| manifests::check(file, &text)));
}

#[test]
fn unsafe_stays_in_its_homes() {
    rust(unsafe_homes::check);
}

#[test]
fn only_the_program_prints() {
    rust(printing::check);
}

#[test]
fn sans_io_crates_stay_pure() {
    rust(sans_io::check);
}

#[test]
fn capnp_stays_in_its_homes() {
    rust(schema_homes::check);
}

#[test]
fn lines_fit_100_columns() {
    rust(line_width::check);
}

#[test]
fn functions_fit_70_lines() {
    rust(function_length::check);
}

#[test]
fn files_begin_with_a_head() {
    rust(file_head::check);
}

#[test]
fn tests_of_the_program_say_what_they_show() {
    texts(file_head::check_btest);
}

#[test]
fn files_fit_700_lines() {
    let tree = Tree::of_project();
    let written = tree
        .texts()
        .filter(|(file, _)| !zeekwire_tidy::tree::is_generated(file));
    assert_clean(written.flat_map(|(file, text)| file_length::check(file, &text)));
}

#[test]
fn no_mark_of_unfinished_work_is_left() {
    texts(words::check);
}

#[test]
fn no_path_of_a_machine_is_left() {
    texts(machine_paths::check);
}

#[test]
fn documents_have_one_title() {
    every_document(|_, file, text| documents::check_title(file, text));
}

#[test]
fn links_between_documents_resolve() {
    every_document(|tree, file, words| {
        documents::check_links(file, words, |path| tree.holds(path), |path| tree.text(path))
    });
}
