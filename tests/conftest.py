"""Every program that a test compiles is verified between the stages and passes it goes through."""

from adjoint.ir import verify

verify.between_stages = True
