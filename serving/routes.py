"""The routes outside the pages, as data: what the application serves and its document describes."""

from dataclasses import dataclass

__all__ = ["API_ROUTES", "ApiRoute"]


@dataclass(frozen=True)
class ApiRoute:
    """One route.

    Attributes
    ----------
    name : str
        Its name in metrics, logs and :data:`serving.auth.ACCESS`.
    method, path : str
        What is called.
    waits : bool
        Whether it waits its turn: who looks after the service must get through when it is full.
    guarded : bool
        Whether a key is asked for.
    """

    name: str
    method: str
    path: str
    waits: bool = False
    guarded: bool = True


API_ROUTES = (
    ApiRoute("score", "POST", "/v1/score", waits=True),
    ApiRoute("events", "POST", "/v1/events", waits=True),
    ApiRoute("outcomes", "POST", "/v1/outcomes", waits=True),
    ApiRoute("explanation", "GET", "/v1/scores/{score_id}", waits=True),
    ApiRoute("model", "GET", "/v1/model"),
    ApiRoute("openapi", "GET", "/v1/openapi.json"),
    ApiRoute("livez", "GET", "/livez", guarded=False),
    ApiRoute("readyz", "GET", "/readyz", guarded=False),
    ApiRoute("metrics", "GET", "/metrics"),
)
