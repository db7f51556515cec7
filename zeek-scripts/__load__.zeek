##! Loaded with the plugin, in every run. Nothing happens before somebody loads
##! ``frameworks/cluster/backend/zeekwire``.
