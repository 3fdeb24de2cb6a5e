"""Many pictures on many computers, through Ray: an extra that nothing else of Glaze knows or needs.

ray.py       Ray itself: joining a cluster or starting one here, without telemetry
shares.py    into how many workers a cluster is divided
station.py   a worker, in a process of the cluster: glazes one picture at a time
same.py      what must be the same on all computers, so that they make the same glaze
pool.py      the stations that are there, and the new ones for those that are lost
cluster.py   Cluster: in glazing.glaze's place, a picture out and its glaze back
"""

from glaze.cluster.cluster import Cluster, join

__all__ = ["Cluster", "join"]
