# What every node of a test loads: the backend, the port of the rendezvous, no rotation of logs.

@load-plugin Zeekwire::Cluster
@load frameworks/cluster/backend/zeekwire

@if ( getenv("RENDEZVOUS_PORT") != "" )
redef Cluster::Backend::Zeekwire::rendezvous_port = to_port(getenv("RENDEZVOUS_PORT"));
@endif

# Logs stay where they are.
redef Log::default_rotation_interval = 0 sec;

# No node outlives a test that failed.
@if ( Cluster::is_enabled() )
event test_is_over()
	{
	if ( ! zeek_is_terminating() )
		terminate();
	}

event zeek_init()
	{
	# The clock of a trace leaps at its start.
	if ( ! reading_traces() )
		schedule 2 min { test_is_over() };
	}
@endif
