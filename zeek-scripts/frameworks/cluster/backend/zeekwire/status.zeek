##! What this node sees of itself: links, queues, losses.

module Cluster::Backend::Zeekwire;

export {
	## Messages that were lost in one place for one cause.
	type Loss: record {
		## The node that lost them.
		node: string &default="";
		## The node for which they were meant next; empty for the node's own program.
		peer: string &default="";
		## Their class of traffic.
		class: string &default="";
		## ``queue_full``, ``inbox_full``, ``too_long``, ``link_lost``, ``hop_limit`` or ``no_route``.
		cause: string &default="";
		## How many.
		messages: count &default=0;
		## Their bytes.
		bytes: count &default=0;
	};

	## What became of this node's own publications.
	type Publications: record {
		## Accepted.
		messages: count &default=0;
		## Refused because the queues were full.
		refused: count &default=0;
		## Accepted, but nobody wanted them.
		unrouted: count &default=0;
		## Bytes that wait for the IO thread.
		queued_bytes: count &default=0;
	};

	## One class of traffic on one link. Counters start again when the link does.
	type LinkClass: record {
		## Its name.
		class: string &default="";
		## Bytes sent.
		sent_bytes: count &default=0;
		## Bytes received.
		received_bytes: count &default=0;
		## Bytes that wait.
		queued_bytes: count &default=0;
		## Messages that wait.
		queued_messages: count &default=0;
		## Messages dropped before they were sent.
		dropped_messages: count &default=0;
		## Messages that the peer dropped after they arrived.
		dropped_there_messages: count &default=0;
	};

	## Messages on one topic that were dropped on a link.
	type TopicDrops: record {
		## The topic.
		topic: string &default="";
		## How many.
		messages: count &default=0;
	};

	## One link.
	type LinkStatus: record {
		## Its number in the library.
		id: count &default=0;
		## Where the other end is.
		endpoint: string &default="";
		## ``connecting``, ``waiting``, ``handshake``, ``up`` or ``closing``.
		state: string &default="";
		## Name of the node at the other end, once known.
		peer: string &default="";
		## Messages sent.
		messages_sent: count &default=0;
		## Messages received.
		messages_received: count &default=0;
		## By class of traffic.
		classes: vector of LinkClass &default=vector();
		## The topics that lost most.
		dropped_topics: vector of TopicDrops &default=vector();
		## Connections made so far.
		connects: count &default=0;
		## Why the last connection ended, or the last attempt failed.
		last_error: string &default="";
	};

	## One subscription.
	type SubscriptionStatus: record {
		## Its filters.
		filters: vector of string &default=vector();
		## Messages that wait for Zeek's main loop.
		queued_messages: count &default=0;
		## Their bytes.
		queued_bytes: count &default=0;
		## Messages dropped because there was no room for them.
		dropped_messages: count &default=0;
	};

	## A member of the cluster.
	type MemberStatus: record {
		## Its name.
		name: string &default="";
		## Whether it is up.
		up: bool &default=F;
		## Links between here and there; unset while no path leads there.
		hops: count &optional;
		## The peer through which messages for it leave; empty if there is none.
		via: string &default="";
	};

	## What a node sees of itself. :zeek:see:`Cluster::Backend::Zeekwire::status_json` has more.
	type Status: record {
		## Its name; empty where this process has no node.
		name: string &default="";
		## Where it listens.
		listeners: vector of string &default=vector();
		## Its links, up or not.
		links: vector of LinkStatus &default=vector();
		## Its subscriptions.
		subscriptions: vector of SubscriptionStatus &default=vector();
		## What it published.
		published: Publications &default=Publications();
		## Other members.
		members: vector of MemberStatus &default=vector();
		## Messages that it lost, its own and others'.
		losses: vector of Loss &default=vector();
		## Messages that it published and that were lost, here or elsewhere, as far as reported.
		own_losses: vector of Loss &default=vector();
		## Bytes that wait for all links.
		queued_bytes: count &default=0;
	};

	## What this node sees of itself.
	##
	## Returns: Its status; an empty one where this process has no node.
	global status: function(): Status;
}

function status(): Status
	{
	local json = status_json();

	if ( json == "" )
		return Status();

	local result = from_json(json, Status);
	return result$valid ? result$v as Status : Status();
	}
