# worker-1 publishes values to the manager. Both print them.

@load ./all-types

module Values;

export {
	## What worker-1 publishes.
	const publish: function(topic: string) = AllTypes::publish_all &redef;

	global received: event();
}

event AllTypes::finished()
	{
	print "finished";

	if ( Cluster::node == "manager" )
		Cluster::publish(Cluster::node_topic("worker-1"), received);
	}

event received()
	{
	terminate();
	}

event Cluster::node_up(name: string, id: string)
	{
	if ( name == "manager" )
		publish(Cluster::node_topic(name));
	}

event Cluster::node_down(name: string, id: string)
	{
	terminate();
	}
