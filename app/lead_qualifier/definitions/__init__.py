"""Definitions of downstream services: applied, published in versions, stopped and deleted like qualification models."""
