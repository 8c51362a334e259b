"""The OpenAPI document of the service, made from what the service itself checks with."""

from serving.openapi.document import build_document, document_bytes

__all__ = ["build_document", "document_bytes"]
