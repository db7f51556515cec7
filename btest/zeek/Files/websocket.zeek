# WebSocket clients connect to WEBSOCKET_PORT of nodes that load this. Says who comes and goes.

@load ./ping-pong

event Cluster::websocket_client_added(info: Cluster::EndpointInfo, subscriptions: string_vec)
	{
	print fmt("added %s", join_string_vec(subscriptions, " "));
	}

event Cluster::websocket_client_lost(info: Cluster::EndpointInfo, code: count, reason: string)
	{
	print fmt("lost %d", code);
	}

event zeek_init()
	{
	Cluster::listen_websocket([$listen_addr=127.0.0.1,
	                           $listen_port=to_port(getenv("WEBSOCKET_PORT"))]);
	}
