"""Tests of mail that is sent later."""
