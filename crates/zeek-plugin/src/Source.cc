#include "Source.h"

#include "zeek/iosource/Manager.h"

#include "Runtime.h"

namespace zeek::cluster::zeekwire {

Source* Source::Register(Runtime* runtime, int fd, bool counts) {
    auto* source = new Source(runtime, fd);

    if ( fd >= 0 && ! iosource_mgr->RegisterFd(fd, source) ) {
        delete source;
        return nullptr;
    }

    iosource_mgr->Register(source, ! counts, true);
    return source;
}

void Source::Close() {
    if ( ! runtime )
        return;

    if ( fd >= 0 )
        iosource_mgr->UnregisterFd(fd, this);

    runtime = nullptr;
    SetClosed(true);
}

void Source::Process() {
    if ( runtime )
        runtime->Process();
}

double Source::GetNextTimeout() { return runtime ? runtime->NextTimeout() : -1; }

} // namespace zeek::cluster::zeekwire
