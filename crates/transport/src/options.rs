//! Socket options, applied when a socket is made.

use std::io;
use std::time::Duration;

use socket2::{Socket, TcpKeepalive};

/// Options of the sockets that a node makes and accepts.
///
/// The buffer sizes are requests: the system bounds them, and Linux doubles them for its own
/// bookkeeping.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SocketOptions {
    /// Send small segments at once (`TCP_NODELAY`). On by default: a turn of the loop gathers
    /// what it sends, so that waiting for more only adds delay.
    pub no_delay: bool,
    /// Most bytes that the kernel holds unsent per TCP connection (`TCP_NOTSENT_LOWAT`). What
    /// waits in the kernel can no longer be overtaken by a higher class. 64 KiB by default;
    /// `None` leaves the system's default. Linux only; elsewhere without effect.
    pub notsent_lowat_bytes: Option<u32>,
    /// Send buffer (`SO_SNDBUF`); `None`, the default, leaves it to the system, which tunes TCP
    /// buffers by itself and stops doing so once a size is set.
    pub send_buffer_bytes: Option<usize>,
    /// Receive buffer (`SO_RCVBUF`); `None`, the default, leaves it to the system.
    pub receive_buffer_bytes: Option<usize>,
    /// How long sent data may stay unacknowledged before the system ends a TCP connection
    /// (`TCP_USER_TIMEOUT`); `None`, the default, leaves the system's many minutes. Linux only;
    /// elsewhere without effect.
    pub user_timeout: Option<Duration>,
    /// Probes an idle TCP connection after this long. Off by default: heartbeats of the session
    /// find more, and sooner.
    pub keepalive: Option<Duration>,
    /// Permission bits of the file of an `ipc://` listener. 0600 by default.
    pub ipc_mode: u32,
}

impl SocketOptions {
    /// Applies what must be set before a socket connects or listens: window scaling follows the
    /// buffer's size at that moment.
    pub(crate) fn apply_buffers(&self, socket: &Socket) -> io::Result<()> {
        if let Some(bytes) = self.send_buffer_bytes {
            socket.set_send_buffer_size(bytes)?;
        }
        if let Some(bytes) = self.receive_buffer_bytes {
            socket.set_recv_buffer_size(bytes)?;
        }
        Ok(())
    }

    /// Applies the options of a TCP connection.
    pub(crate) fn apply_tcp(&self, socket: &Socket) -> io::Result<()> {
        if self.no_delay {
            socket.set_tcp_nodelay(true)?;
        }
        if let Some(idle) = self.keepalive {
            socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(idle))?;
        }
        #[cfg(target_os = "linux")]
        {
            if let Some(bytes) = self.notsent_lowat_bytes {
                socket.set_tcp_notsent_lowat(bytes)?;
            }
            if self.user_timeout.is_some() {
                socket.set_tcp_user_timeout(self.user_timeout)?;
            }
        }
        Ok(())
    }
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            no_delay: true,
            notsent_lowat_bytes: Some(64 * 1024),
            send_buffer_bytes: None,
            receive_buffer_bytes: None,
            user_timeout: None,
            keepalive: None,
            ipc_mode: 0o600,
        }
    }
}

/// Makes an accepted socket safe where sends have no flag against SIGPIPE.
pub(crate) fn refuse_sigpipe(socket: &Socket) -> io::Result<()> {
    #[cfg(target_vendor = "apple")]
    socket.set_nosigpipe(true)?;
    #[cfg(not(target_vendor = "apple"))]
    let _ = socket;
    Ok(())
}
