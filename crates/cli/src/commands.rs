//! The commands, one file each: flags in, output and exit code out.

pub(crate) mod answer;
pub(crate) mod bench;
pub(crate) mod config;
pub(crate) mod decode;
pub(crate) mod generate;
pub(crate) mod layout;
pub(crate) mod node;
pub(crate) mod ping;
pub(crate) mod publish;
pub(crate) mod status;
pub(crate) mod subscribe;
pub(crate) mod survey;
pub(crate) mod top;
pub(crate) mod trace;
