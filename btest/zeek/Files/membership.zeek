# Prints what a node sees of others: "up NAME", "down NAME", and "beat NAME N" for what they publish
# several times a second.

module Membership;

export {
	## How often a node publishes.
	const beat_interval = 100 msec &redef;

	global beat: event(name: string, number: count);
}

redef Log::default_rotation_interval = 0 sec;

global beats = 0;

event publish_beat()
	{
	Cluster::publish("beats/", beat, Cluster::node, ++beats);
	schedule beat_interval { publish_beat() };
	}

event beat(name: string, number: count)
	{
	print fmt("beat %s %d", name, number);
	}

event Cluster::node_up(name: string, id: string)
	{
	print fmt("up %s %s", name, id);
	}

event Cluster::node_down(name: string, id: string)
	{
	print fmt("down %s %s", name, id);
	}

event zeek_init()
	{
	Cluster::subscribe("beats/");
	event publish_beat();
	}

event zeek_init() &priority=-100
	{
	print "started";
	}
