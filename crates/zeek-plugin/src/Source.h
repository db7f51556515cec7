// Zeek's main loop turns to the runtime through this.

#pragma once

#include "zeek/iosource/IOSource.h"

namespace zeek::cluster::zeekwire {

class Runtime;

/// Registered with Zeek's IO manager, which owns it.
class Source final : public zeek::iosource::IOSource {
public:
    /// `fd` is readable while there is something to do; negative for none. A source that counts
    /// keeps Zeek running until it is closed.
    static Source* Register(Runtime* runtime, int fd, bool counts);

    /// Ends it; the IO manager frees it later.
    void Close();

    void Process() override;
    double GetNextTimeout() override;
    const char* Tag() override { return "Zeekwire"; }

private:
    Source(Runtime* runtime, int fd) : runtime(runtime), fd(fd) {}

    Runtime* runtime;
    int fd;
};

} // namespace zeek::cluster::zeekwire
