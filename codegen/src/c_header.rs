//! `crates/capi/src` to `crates/capi/include/zeekwire.h`: what C programs include.

use std::path::Path;

use cbindgen::{Builder, Config};

use crate::artifact::Artifact;

const CRATE: &str = "crates/capi";
const TARGET: &str = "crates/capi/include/zeekwire.h";

/// The header.
pub(crate) fn artifact(root: &Path) -> Result<Artifact, String> {
    let source = root.join(CRATE);
    let config = Config::from_file(source.join("cbindgen.toml"))
        .map_err(|error| format!("{CRATE}/cbindgen.toml: {error}"))?;
    let bindings = Builder::new()
        .with_crate(&source)
        .with_config(config)
        .generate()
        .map_err(|error| format!("{CRATE}: {error}"))?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = String::from_utf8(text).map_err(|error| format!("{TARGET}: {error}"))?;
    Ok(Artifact {
        path: TARGET.into(),
        text,
        version_lines: &[],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn committed_header_is_up_to_date() {
        let root = crate::root();
        assert_eq!(artifact(&root).and_then(|a| a.fault(&root)), Ok(None));
    }
}
