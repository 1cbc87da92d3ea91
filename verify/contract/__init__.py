"""The contract: the file ``verify.yaml`` of one system, read strictly, every value with its place.

``load.load`` is the way in; ``spec.Contract`` is what comes out.
"""

from verify.contract.endpoint import Endpoint as EndpointSpec

__all__ = ["EndpointSpec"]
