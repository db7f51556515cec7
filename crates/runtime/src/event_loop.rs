//! The loop of one node, on a thread of its own.

use std::time::Duration;

use zeekwire_transport::Poller;

use crate::native::Shared;
use crate::sync::lock;

/// Runs until the node has stopped.
pub(crate) fn run(shared: &Shared, poller: &mut Poller) {
    let mut ready = Vec::new();
    let mut commands = Vec::new();
    let mut woken = true;
    loop {
        let pause = {
            let mut engine = lock(&shared.engine);
            shared.commands.take(&mut commands);
            engine.run(&mut commands);
            let pause = engine.turn(&ready, woken);
            if engine.stopped {
                shared.outbox.close();
                return;
            }
            pause
        };
        let timeout = if pause == Some(Duration::ZERO) {
            pause
        } else {
            // Whoever fills a queue from here on sees that we sleep; what came before is seen here.
            let idle = shared.outbox.fall_asleep() && shared.commands.is_empty();
            if idle { pause } else { Some(Duration::ZERO) }
        };
        let polled = poller.poll(timeout, &mut ready);
        shared.outbox.wake_up();
        woken = match polled {
            Ok(polled) => polled.woken,
            Err(error) => {
                tracing::error!(%error, "the poller failed");
                std::thread::sleep(Duration::from_millis(10));
                false
            }
        };
    }
}
