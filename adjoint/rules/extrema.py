"""Largest and smallest elements along axes: ties share equally."""

from __future__ import annotations

import numpy as np

from adjoint.rules.reductions import MISSING, widen
from adjoint.rules.registry import rule


@rule(np.max, np.amax, np.ndarray.max)
def max(a, axis=None, out=None, keepdims=MISSING, initial=MISSING, where=MISSING):
    y = np.max(a, axis, out, keepdims, initial, where)

    def pullback(y_bar):
        hits = a == widen(y, axis, keepdims)
        hits = hits if where is MISSING else hits & where
        count = np.sum(hits, axis, y.dtype, keepdims=keepdims)
        count = count if initial is MISSING else count + (y == initial)
        share = y_bar / count
        a_bar = hits * widen(share, axis, keepdims)
        if initial is MISSING:
            bars = (a_bar,)
        else:
            bars = (a_bar, None, None, None, np.sum(share * (y == initial)))
        return bars

    return y, pullback


@rule(np.min, np.amin, np.ndarray.min)
def min(a, axis=None, out=None, keepdims=MISSING, initial=MISSING, where=MISSING):
    y = np.min(a, axis, out, keepdims, initial, where)

    def pullback(y_bar):
        hits = a == widen(y, axis, keepdims)
        hits = hits if where is MISSING else hits & where
        count = np.sum(hits, axis, y.dtype, keepdims=keepdims)
        count = count if initial is MISSING else count + (y == initial)
        share = y_bar / count
        a_bar = hits * widen(share, axis, keepdims)
        if initial is MISSING:
            bars = (a_bar,)
        else:
            bars = (a_bar, None, None, None, np.sum(share * (y == initial)))
        return bars

    return y, pullback


@rule(np.nanmax)
def nanmax(a, axis=None, out=None, keepdims=MISSING, initial=MISSING, where=MISSING):
    y = np.nanmax(a, axis, out, keepdims, initial, where)

    def pullback(y_bar):
        hits = a == widen(y, axis, keepdims)
        hits = hits if where is MISSING else hits & where
        count = np.sum(hits, axis, y.dtype, keepdims=keepdims)
        count = count if initial is MISSING else count + (y == initial)
        share = y_bar / count
        a_bar = hits * widen(share, axis, keepdims)
        if initial is MISSING:
            bars = (a_bar,)
        else:
            bars = (a_bar, None, None, None, np.sum(share * (y == initial)))
        return bars

    return y, pullback


@rule(np.nanmin)
def nanmin(a, axis=None, out=None, keepdims=MISSING, initial=MISSING, where=MISSING):
    y = np.nanmin(a, axis, out, keepdims, initial, where)

    def pullback(y_bar):
        hits = a == widen(y, axis, keepdims)
        hits = hits if where is MISSING else hits & where
        count = np.sum(hits, axis, y.dtype, keepdims=keepdims)
        count = count if initial is MISSING else count + (y == initial)
        share = y_bar / count
        a_bar = hits * widen(share, axis, keepdims)
        if initial is MISSING:
            bars = (a_bar,)
        else:
            bars = (a_bar, None, None, None, np.sum(share * (y == initial)))
        return bars

    return y, pullback


@rule(np.maximum.reduce)
def maximum_reduce(a, axis=0, dtype=None, out=None, keepdims=False, initial=MISSING, where=True):
    y = np.maximum.reduce(a, axis, dtype, out, keepdims, initial, where)

    def pullback(y_bar):
        hits = a == widen(y, axis, keepdims)
        hits = hits if where is True else hits & where
        count = np.sum(hits, axis, y.dtype, keepdims=keepdims)
        count = count if initial is MISSING else count + (y == initial)
        share = y_bar / count
        a_bar = hits * widen(share, axis, keepdims)
        if initial is MISSING:
            bars = (a_bar,)
        else:
            bars = (a_bar, None, None, None, None, np.sum(share * (y == initial)))
        return bars

    return y, pullback


@rule(np.minimum.reduce)
def minimum_reduce(a, axis=0, dtype=None, out=None, keepdims=False, initial=MISSING, where=True):
    y = np.minimum.reduce(a, axis, dtype, out, keepdims, initial, where)

    def pullback(y_bar):
        hits = a == widen(y, axis, keepdims)
        hits = hits if where is True else hits & where
        count = np.sum(hits, axis, y.dtype, keepdims=keepdims)
        count = count if initial is MISSING else count + (y == initial)
        share = y_bar / count
        a_bar = hits * widen(share, axis, keepdims)
        if initial is MISSING:
            bars = (a_bar,)
        else:
            bars = (a_bar, None, None, None, None, np.sum(share * (y == initial)))
        return bars

    return y, pullback


@rule(np.ptp)
def ptp(a, axis=None, out=None, keepdims=MISSING):
    y = np.ptp(a, axis, out, keepdims)

    def pullback(y_bar):
        top = a == np.max(a, axis, keepdims=True)
        bottom = a == np.min(a, axis, keepdims=True)
        tops = np.sum(top, axis, np.result_type(a), keepdims=True)
        bottoms = np.sum(bottom, axis, np.result_type(a), keepdims=True)
        shares = top / tops - bottom / bottoms
        return shares * widen(y_bar, axis, keepdims)

    return y, pullback


@rule(np.logaddexp.reduce)
def logaddexp_reduce(a, axis=0, dtype=None, out=None, keepdims=False):
    """y = log Σ exp(a)"""
    y = np.logaddexp.reduce(a, axis, dtype, out, keepdims)

    def pullback(y_bar):
        return np.exp(a - widen(y, axis, keepdims)) * widen(y_bar, axis, keepdims)

    return y, pullback
