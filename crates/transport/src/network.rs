//! The way in: what listening and connecting have in common.

use std::sync::Arc;

use crate::{
    Dialer, Endpoint, Inproc, Key, ListenError, Listener, Poller, Registrar, Resolver,
    SocketOptions,
};

/// Opens listeners and connections for one poller. Cheap to clone.
///
/// ```
/// use zeekwire_transport::{
///     Accept, Inproc, Key, Network, Poller, ReadOutcome, SocketOptions, Step,
/// };
///
/// let mut poller = Poller::new()?;
/// let network = Network::new(&poller, Inproc::new(), SocketOptions::default());
///
/// let mut listener = network.listen(&"tcp://127.0.0.1:0".parse()?, Key::new(0, 0))?;
/// let mut dialer = network.dial(listener.local_endpoint(), Key::new(1, 0));
///
/// let mut ready = Vec::new();
/// let mut near = loop {
///     match dialer.step() {
///         Step::Connected(stream) => break stream,
///         Step::Waiting { .. } => poller.poll(None, &mut ready)?,
///         Step::Failed(error) => return Err(error.into()),
///     };
/// };
/// near.write(b"hello")?;
///
/// let mut far = loop {
///     match listener.accept()? {
///         Accept::Accepted(stream) => break stream,
///         _ => poller.poll(None, &mut ready)?,
///     };
/// };
/// network.registrar().register(&mut far, Key::new(2, 0))?;
/// let mut buffer = [0; 5];
/// while far.read(&mut buffer)? != ReadOutcome::Bytes(5) {
///     poller.poll(None, &mut ready)?;
/// }
/// assert_eq!(&buffer, b"hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Network {
    pub(crate) registrar: Registrar,
    pub(crate) resolver: Resolver,
    pub(crate) inproc: Inproc,
    pub(crate) options: Arc<SocketOptions>,
}

impl Network {
    /// Opens sockets for a poller; `inproc://` endpoints are those of the hub.
    #[must_use]
    pub fn new(poller: &Poller, inproc: Inproc, options: SocketOptions) -> Self {
        let resolver = Resolver::new(poller.wake_handle());
        Self {
            registrar: poller.registrar(),
            resolver,
            inproc,
            options: Arc::new(options),
        }
    }

    /// Registers and deregisters sockets, such as accepted streams.
    #[must_use]
    pub fn registrar(&self) -> &Registrar {
        &self.registrar
    }

    /// Listens at an endpoint, and reports under `key` when somebody connects.
    ///
    /// Looks up a host name on the calling thread. Listening where others than this machine can
    /// connect is not refused here: ask [`Endpoint::is_local`] first.
    ///
    /// # Errors
    /// [`ListenError`] says why the endpoint cannot be had.
    pub fn listen(&self, endpoint: &Endpoint, key: Key) -> Result<Listener, ListenError> {
        let mut listener = Listener::bind(endpoint, &self.options, &self.inproc)?;
        self.registrar
            .register(&mut listener, key)
            .map_err(|error| ListenError {
                endpoint: endpoint.clone(),
                reason: error.into(),
            })?;
        Ok(listener)
    }

    /// Begins to connect to an endpoint; the dialer's first step does the work.
    #[must_use]
    pub fn dial(&self, endpoint: &Endpoint, key: Key) -> Dialer {
        Dialer::new(endpoint.clone(), key, self.clone())
    }
}
