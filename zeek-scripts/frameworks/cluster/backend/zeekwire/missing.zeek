##! Says what to do where the scripts are there and the plugin is not.

@load base/bif/reporter.bif

module Cluster::Backend::Zeekwire;

function plugin_is_missing(): bool
	{
	Reporter::fatal("the Zeekwire scripts were loaded, but Zeek cannot find the plugin Zeekwire::Cluster. "
	                + "Add the folder that it was built or installed in to ZEEK_PLUGIN_PATH, "
	                + "and check with: zeek -N Zeekwire::Cluster");
	return T;
	}

# Now, rather than in zeek_init(): scripts that use options of Zeekwire would not parse.
@if ( plugin_is_missing() )
@endif
