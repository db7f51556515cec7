##! Runs a cluster's events and logs over Zeekwire.
##!
##! Loading this package is all that a cluster needs: ``@load frameworks/cluster/backend/zeekwire``.
##! What can be set is in ``options.zeek``, with an explanation of each option.

# In bare mode Zeek leaves plugins that it finds alone until somebody asks for them.
@ifndef ( Cluster::CLUSTER_BACKEND_ZEEKWIRE )
@load-plugin Zeekwire::Cluster
@endif

@ifdef ( Cluster::CLUSTER_BACKEND_ZEEKWIRE )
@load ./options
@load ./main
@else
@load ./missing
@endif
