#include "Plugin.h"

#include "zeek/ID.h"
#include "zeek/Val.h"
#include "zeek/cluster/Component.h"

#include "Backend.h"
#include "EventSerializer.h"
#include "Lambdas.h"
#include "ValueOptions.h"

namespace zeek::plugin::Zeekwire_Cluster {

Plugin plugin;

zeek::plugin::Configuration Plugin::Configure() {
    AddComponent(
        new cluster::BackendComponent("Zeekwire", cluster::zeekwire::Backend::Instantiate));
    AddComponent(
        new cluster::EventSerializerComponent(cluster::zeekwire::EventSerializer::COMPONENT_NAME,
                                              cluster::zeekwire::EventSerializer::Instantiate));

    zeek::plugin::Configuration config;
    config.name = "Zeekwire::Cluster";
    config.description = "Cluster backend and event serializer of Zeekwire";
    config.version.major = ZEEKWIRE_PLUGIN_VERSION_MAJOR;
    config.version.minor = ZEEKWIRE_PLUGIN_VERSION_MINOR;
    config.version.patch = ZEEKWIRE_PLUGIN_VERSION_PATCH;
    return config;
}

void Plugin::InitPostScript() {
    zeek::plugin::Plugin::InitPostScript();
    cluster::zeekwire::NameLambdas();

    auto is_set = [](const char* name) {
        // Without the package of the serializer there are no options.
        const auto& option = zeek::id::find(std::string("Cluster::Serializer::Zeekwire::") + name);
        return option && option->GetVal()->AsBool();
    };

    cluster::zeekwire::ValueOptions::concrete_any = is_set("concrete_any");
    cluster::zeekwire::ValueOptions::vector_holes = is_set("vector_holes");
}

} // namespace zeek::plugin::Zeekwire_Cluster
