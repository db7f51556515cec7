//! Endpoints as text.

use zeekwire_transport::{Endpoint, IPC_PATH_BYTES_MAX};

/// Parses; what parses prints to text that means the same.
pub fn endpoint(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let endpoint: Endpoint = match text.parse() {
        Ok(endpoint) => endpoint,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let printed = endpoint.to_string();
    assert_eq!(printed.parse().as_ref(), Ok(&endpoint), "{printed}");
    match &endpoint {
        Endpoint::Tcp { host, .. } => assert!(!host.is_empty() && host.len() <= 254),
        Endpoint::Ipc(path) => {
            assert!(endpoint.is_local() && path.as_os_str().len() <= IPC_PATH_BYTES_MAX);
        }
        Endpoint::Inproc(id) => assert!(endpoint.is_local() && !id.is_empty()),
    }
}
