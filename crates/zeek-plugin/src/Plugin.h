// The plugin Zeekwire::Cluster: registers the cluster backend and the event serializer.

#pragma once

#include "zeek/plugin/Plugin.h"

namespace zeek::plugin::Zeekwire_Cluster {

class Plugin : public zeek::plugin::Plugin {
public:
    zeek::plugin::Configuration Configure() override;

    /// Reads the options of the serializer, which also serves other backends.
    void InitPostScript() override;
};

extern Plugin plugin;

} // namespace zeek::plugin::Zeekwire_Cluster
