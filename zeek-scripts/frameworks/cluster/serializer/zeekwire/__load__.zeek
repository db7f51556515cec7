##! Encodes events as Cap'n Proto, in Zeekwire's format ``capnp-v1``, whatever backend carries them.
##!
##! The package of the Zeekwire backend loads this one.

@ifndef ( Cluster::EVENT_SERIALIZER_ZEEKWIRE_CAPNP_V1 )
@load-plugin Zeekwire::Cluster
@endif

@ifndef ( Cluster::EVENT_SERIALIZER_ZEEKWIRE_CAPNP_V1 )
@load frameworks/cluster/backend/zeekwire/missing
@endif

module Cluster::Serializer::Zeekwire;

export {
	## Turns a received ``any`` into a value of its own type where one can be built, instead of the
	## ``Broker::Data`` that Zeek's own serializers give to scripts. A record becomes one of the type
	## that has its type's name here, if their fields have the same names; otherwise one of a type
	## without a name, if each of its fields is set.
	const concrete_any = F &redef;

	## Lets vectors have holes, on sending and on receiving. Otherwise an event with holes is
	## refused, as Zeek's own serializers do.
	const vector_holes = F &redef;
}

redef Cluster::event_serializer = Cluster::EVENT_SERIALIZER_ZEEKWIRE_CAPNP_V1;
