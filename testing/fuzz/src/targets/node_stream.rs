//! A whole node that is sent a stream of bytes in pieces of any size.

use crate::input::Input;
use crate::peer::Peer;

/// Input: flags, the sizes of the pieces as a run of bytes, and the stream.
///
/// Bit 0 of the flags: the node dialled. Bits 1 and 2: drop policy. Bit 3: without a proper
/// handshake first. Bit 5: the peer routes.
pub fn node_stream(data: &[u8]) {
    let mut input = Input::new(data);
    let flags = input.byte();
    let sizes = input.short_run();
    let mut stream = Input::new(input.rest());
    let mut peer = Peer::new(flags);
    if flags & 8 == 0 {
        peer.introduce();
    }
    for at in 0.. {
        if stream.is_empty() {
            break;
        }
        let size = sizes
            .get(at)
            .map_or(usize::MAX, |size| usize::from(*size) + 1);
        peer.hear(stream.take(size));
        peer.drain();
    }
    peer.lose();
}
